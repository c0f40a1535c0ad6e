"""Second right solutions, to test the tests."""


def moments__loop(x):
    total = x.new_zeros(())
    for value in x:
        total = total + value
    mean = total / len(x)
    spread = x.new_zeros(())
    for value in x:
        spread = spread + (value - mean) * (value - mean)
    return {"mean": mean, "variance": spread / len(x)}
