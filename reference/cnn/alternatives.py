"""Second right solutions of assignment cnn, written another way, to test the tests."""

import math

import torch

# Question 1: sizes, receptive fields, parameters


def conv_output_size__counting(size, kernel, stride, padding, dilation):
    last = dilation * (kernel - 1)
    return sum(1 for start in range(0, size + 2 * padding - last, stride))


def conv_output_size__fraction(size, kernel, stride, padding, dilation):
    return math.floor((size + 2 * padding - dilation * (kernel - 1) + stride - 1) / stride)


def receptive_field__backwards(layers):
    """From one output unit back to the input."""
    size, jump = 1, 1
    for layer in reversed(layers):
        size = (size - 1) * layer["stride"] + layer["dilation"] * (layer["kernel"] - 1) + 1
        jump = jump * layer["stride"]
    return {"size": size, "stride": jump}


def receptive_field__closed_form(layers):
    jumps = [math.prod(layer["stride"] for layer in layers[:k]) for k in range(len(layers) + 1)]
    gaps = [layer["dilation"] * (layer["kernel"] - 1) for layer in layers]
    seen = 1 + sum(gap * jump for gap, jump in zip(gaps, jumps[:-1], strict=True))
    return {"size": seen, "stride": jumps[-1]}


def count_parameters__by_type(layers, input_shape):
    shape, params, macs = list(input_shape), 0, 0

    def slide(side, kernel, stride, padding=0):
        return (side + 2 * padding - kernel + stride) // stride

    for layer in layers:
        channels, height, width = shape
        if layer["type"] == "conv":
            k, s, p = layer["kernel"], layer["stride"], layer["padding"]
            shape = [layer["out"], slide(height, k, s, p), slide(width, k, s, p)]
            params += shape[0] * (channels * k * k + int(layer["bias"]))
            macs += math.prod(shape) * channels * k * k
        elif layer["type"] == "pool":
            k, s = layer["kernel"], layer["stride"]
            shape = [channels, slide(height, k, s), slide(width, k, s)]
        else:
            inputs = channels * height * width
            shape = [layer["out"], 1, 1]
            params += layer["out"] * (inputs + int(layer["bias"]))
            macs += layer["out"] * inputs
    return {"params": params, "macs": macs, "output_shape": shape}


def count_parameters__weight_by_weight(layers, input_shape):
    """Every weight is one parameter and one product for every place where its window fits."""
    places = [range(length) for length in input_shape]
    weights, biases, products = 0, 0, 0
    for layer in layers:
        if layer["type"] == "linear":
            inputs, step, border = len(places[0]) * len(places[1]) * len(places[2]), None, 0
        else:
            inputs = len(places[0]) * layer["kernel"] ** 2
            step, border = layer["stride"], layer.get("padding", 0)
        sides = [
            range(1)
            if step is None
            else range(-border, len(side) + border - layer["kernel"] + 1, step)
            for side in places[1:]
        ]
        if layer["type"] != "pool":
            places[0] = range(layer["out"])
            weights += inputs * layer["out"]
            biases += layer["out"] if layer["bias"] else 0
            products += inputs * layer["out"] * len(sides[0]) * len(sides[1])
        places[1:] = sides
    return {
        "output_shape": [len(side) for side in places],
        "params": weights + biases,
        "macs": products,
    }


# Question 2: convolution in two dimensions


def convolve2d__loops(img, kernel, mode, flip):
    u, v = kernel.shape
    height, width = img.shape
    top, left = {"narrow": (0, 0), "same": ((u - 1) // 2, (v - 1) // 2)}.get(mode, (u - 1, v - 1))
    padded = img.new_zeros(height + 2 * top, width + 2 * left)
    padded[top : top + height, left : left + width] = img
    out = img.new_zeros(height + 2 * top - u + 1, width + 2 * left - v + 1)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            window = padded[i : i + u, j : j + v]
            if flip:
                window = window.flip((0, 1))
            out[i, j] = (window * kernel).sum()
    return out


def convolve2d__scattered(img, kernel, mode, flip):
    """Every pixel spreads a copy of the kernel: the wide convolution, of which a part is kept."""
    u, v = kernel.shape
    height, width = img.shape
    spread = kernel if flip else torch.rot90(kernel, 2)
    wide = img.new_zeros(height + u - 1, width + v - 1)
    for i in range(u):
        for j in range(v):
            wide[i : i + height, j : j + width] += spread[i, j] * img
    if mode == "wide":
        return wide
    rows, columns = (u - 1, v - 1) if mode == "narrow" else ((u - 1) // 2, (v - 1) // 2)
    return wide[rows : wide.shape[0] - rows, columns : wide.shape[1] - columns]


# Question 3: the convolutional layer


def conv2d_forward__loops(x, w, b, stride, padding):
    count, channels, height, width = x.shape
    kh, kw = w.shape[-2:]
    padded = x.new_zeros(count, channels, height + 2 * padding, width + 2 * padding)
    padded[:, :, padding : padding + height, padding : padding + width] = x
    rows = (height + 2 * padding - kh) // stride + 1
    columns = (width + 2 * padding - kw) // stride + 1
    out = x.new_zeros(count, len(w), rows, columns)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = padded[:, None, :, top : top + kh, left : left + kw]
            out[:, :, i, j] = (window * w).sum(dim=(2, 3, 4)) + b
    return out


def conv2d_forward__matrix_product(x, w, b, stride, padding):
    """Windows as rows of a matrix, kernels as its columns."""
    kh, kw = w.shape[2:]
    padded = torch.nn.functional.pad(x, (padding, padding, padding, padding))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    rows, columns = windows.shape[2:4]
    matrix = windows.permute(0, 2, 3, 1, 4, 5).reshape(len(x) * rows * columns, -1)
    out = matrix @ w.reshape(len(w), -1).T + b
    return out.reshape(len(x), rows, columns, len(w)).permute(0, 3, 1, 2)


def conv2d_backward__loops(dout, x, w, stride, padding):
    kh, kw = w.shape[2:]
    padded = torch.nn.functional.pad(x, (padding, padding, padding, padding))
    dpadded, dw = torch.zeros_like(padded), torch.zeros_like(w)
    db = dout.new_zeros(len(w))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            delta = dout[:, :, i, j]
            down = slice(i * stride, i * stride + kh)
            right = slice(j * stride, j * stride + kw)
            window = padded[:, :, down, right]
            dw += (delta[:, :, None, None, None] * window[:, None]).sum(dim=0)
            dpadded[:, :, down, right] += (delta[:, :, None, None, None] * w).sum(dim=1)
            db += delta.sum(dim=0)
    if padding:
        dpadded = dpadded[:, :, padding:-padding, padding:-padding]
    return {"dx": dpadded, "dw": dw, "db": db}


def conv2d_backward__wide_convolution(dout, x, w, stride, padding):
    """dx: zeros between the entries of dout, then a wide convolution with the kernels."""
    kh, kw = w.shape[2:]
    padded = torch.nn.functional.pad(x, (padding,) * 4)
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nohw,nchwij->ocij", dout, windows)

    height, width = padded.shape[2:]
    spaced = dout.new_zeros(*dout.shape[:2], height + kh - 1, width + kw - 1)
    rows, columns = dout.shape[2:]
    spaced[:, :, kh - 1 :: stride, kw - 1 :: stride][:, :, :rows, :columns] = dout
    patches = spaced.unfold(2, kh, 1).unfold(3, kw, 1)
    dpadded = torch.einsum("nohwij,ocij->nchw", patches, w.flip(2, 3))
    dx = dpadded[:, :, padding : height - padding, padding : width - padding]
    return {"dx": dx, "dw": dw, "db": dout.flatten(start_dim=2).sum(dim=2).sum(dim=0)}


# Question 4: pooling


def pool2d_forward__loops(x, kernel, stride, mode):
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = x.new_empty(*x.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = x[:, :, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
            flat = window.reshape(*x.shape[:2], -1)
            out[:, :, i, j] = flat.max(dim=-1).values if mode == "max" else flat.mean(dim=-1)
    return out


def pool2d_forward__slices(x, kernel, stride, mode):
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    slices = [
        x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
        for i in range(kernel)
        for j in range(kernel)
    ]
    stacked = torch.stack(slices)
    return stacked.max(dim=0).values if mode == "max" else stacked.sum(dim=0) / kernel**2


def pool2d_backward__loops(dout, x, kernel, stride, mode):
    dx = torch.zeros_like(x)
    for n in range(dout.shape[0]):
        for c in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + kernel, left : left + kernel]
                    if mode == "avg":
                        share = dout[n, c, i, j] / kernel**2
                        dx[n, c, top : top + kernel, left : left + kernel] += share
                    else:
                        place = window.reshape(-1).argmax().item()
                        down, right = divmod(place, kernel)
                        dx[n, c, top + down, left + right] += dout[n, c, i, j]
    return dx


def pool2d_backward__positions(dout, x, kernel, stride, mode):
    """Which pixels belong to a window, as positions in the flattened image."""
    height, width = x.shape[2:]
    number = torch.arange(height * width, device=x.device).reshape(height, width)
    places = number.unfold(0, kernel, stride).unfold(1, kernel, stride).flatten(start_dim=-2)
    dx = x.new_zeros(*x.shape[:2], height * width)
    if mode == "max":
        windows = x.unfold(2, kernel, stride).unfold(3, kernel, stride).flatten(start_dim=-2)
        index = windows.argmax(dim=-1, keepdim=True)
        chosen = places.expand(*windows.shape).gather(-1, index)
        dx.scatter_add_(2, chosen.flatten(start_dim=2), dout.flatten(start_dim=2))
    else:
        share = (dout / kernel**2).unsqueeze(-1).expand(*dout.shape, kernel**2)
        chosen = places.expand(*share.shape)
        dx.scatter_add_(2, chosen.flatten(start_dim=2), share.flatten(start_dim=2))
    return dx.reshape(x.shape)


# Question 5: digits that move. A training function and `predict_cnn` belong together.


def _sequential(num_classes):
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 24, 3, padding=1),
        torch.nn.BatchNorm2d(24),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(24, 48, 3, padding=1),
        torch.nn.BatchNorm2d(48),
        torch.nn.ReLU(),
        torch.nn.AdaptiveMaxPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(48, num_classes),
    )


def train_cnn__module(x, y, num_classes, *, seed, epochs=12):
    torch.manual_seed(seed)
    net = _sequential(num_classes).to(x.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    losses = []
    for _ in range(epochs):
        net.train()
        running = []
        for batch in torch.randperm(len(y)).to(x.device).split(64):
            loss = torch.nn.functional.cross_entropy(net(x[batch] / 16), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running.append(loss.item())
        schedule.step()
        losses.append(sum(running) / len(running))
    return {
        "state": {**net.state_dict(), "num_classes": num_classes},
        "history": {"loss": losses},
    }


def predict_cnn__module(state, x):
    net = _sequential(state["num_classes"]).to(x.device)
    net.load_state_dict({k: v for k, v in state.items() if k != "num_classes"})
    net.eval()
    with torch.no_grad():
        return net(x / 16)


class _Pictures(torch.nn.Module):
    """A stride in place of pooling, the maximum over the last maps."""

    def __init__(self, num_classes):
        super().__init__()
        self.first = torch.nn.Conv2d(1, 24, 3, padding=1)
        self.second = torch.nn.Conv2d(24, 32, 3, stride=2, padding=1)
        self.third = torch.nn.Conv2d(32, 48, 3, padding=1)
        self.last = torch.nn.Linear(48, num_classes)

    def forward(self, x):
        hidden = torch.relu(self.first(x / 8 - 0.5))
        hidden = torch.relu(self.second(hidden))
        hidden = torch.relu(self.third(hidden))
        return self.last(hidden.amax(dim=(2, 3)))


def train_cnn__strided(x, y, num_classes, *, seed, epochs=18):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    net = _Pictures(num_classes).to(x.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    history = {"loss": []}
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(y), generator=generator).to(x.device).split(64):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch) / len(y)
        history["loss"].append(total)
    return {"state": dict(net.state_dict()), "history": history}


def predict_cnn__strided(state, x):
    net = _Pictures(len(state["last.bias"])).to(x.device)
    net.load_state_dict(state)
    return net(x).detach()
