"""Numbers of system calls: name, number on x86-64, number on aarch64 ("-": not there)."""

# Calls that reach other processes, the machine or its kernel, or make walls movable.
FORBIDDEN = """
ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272,
pidfd_getfd 438 438, bpf 321 280, perf_event_open 298 241, add_key 248 217,
request_key 249 218, keyctl 250 219, mount 165 40, umount2 166 39, pivot_root 155 41,
chroot 161 51, fsopen 430 430, fsmount 432 432, fsconfig 431 431, fspick 433 433,
move_mount 429 429, open_tree 428 428, open_tree_attr 467 467, mount_setattr 442 442,
statmount 457 457, listmount 458 458, unshare 272 97, setns 308 268, init_module 175 105,
finit_module 313 273, delete_module 176 106, kexec_load 246 104, kexec_file_load 320 294,
personality 135 92, name_to_handle_at 303 264, open_by_handle_at 304 265,
clock_settime 227 112, clock_adjtime 305 266, settimeofday 164 170, adjtimex 159 171,
reboot 169 142, swapon 167 224, swapoff 168 225, acct 163 89, quotactl 179 60,
quotactl_fd 443 443, syslog 103 116, sethostname 170 161, setdomainname 171 162, iopl 172 -,
ioperm 173 -, modify_ldt 154 -, fanotify_init 300 262, fanotify_mark 301 263,
lookup_dcookie 212 18, vhangup 153 58, nfsservctl 180 42, uselib 134 -, migrate_pages 256 238,
move_pages 279 239, process_madvise 440 440, process_mrelease 448 448, file_setattr 469 469,
shmget 29 194, shmat 30 196, shmctl 31 195, shmdt 67 197, semget 64 190, semop 65 193,
semtimedop 220 192, semctl 66 191, msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187,
mq_open 240 180, mq_unlink 241 181, mq_timedsend 242 182, mq_timedreceive 243 183,
mq_notify 244 184, mq_getsetattr 245 185
"""

# Calls that programs do without when the kernel does not have them.
UNKNOWN = """
userfaultfd 323 282, io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
memfd_create 319 279, memfd_secret 447 447, clone3 435 435, map_shadow_stack 453 453
"""

# Calls that are allowed with some arguments.
CHECKED = """
clone 56 220, socket 41 198, socketpair 53 199, ioctl 16 29, fcntl 72 25, prlimit64 302 261,
setpriority 141 140, ioprio_set 251 30, sched_setaffinity 203 122, sched_setscheduler 144 119,
sched_setparam 142 118, sched_setattr 314 274, kill 62 129, tgkill 234 131, tkill 200 130,
rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240, pidfd_send_signal 424 424
"""

# Changes of a file's owner, mode and times, which Landlock does not govern: ignored.
CHANGES = """
chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, utime 132 -, utimes 235 -,
utimensat 280 88, futimesat 261 -
"""

# ... and those that a program should learn about.
OWNERS = """
chown 92 -, fchown 93 55, lchown 94 -, fchownat 260 54, setxattr 188 5, lsetxattr 189 6,
fsetxattr 190 7, setxattrat 463 463, removexattr 197 14, lremovexattr 198 15,
fremovexattr 199 16, removexattrat 466 466, inotify_add_watch 254 27
"""


_COLUMN = {"x86_64": 1, "aarch64": 2}


def numbers(table, machine):
    """{name: number} of the calls in `table` that `machine` has."""
    entries = (entry.split() for entry in table.replace("\n", " ").split(","))
    rows = ((e[0], e[_COLUMN[machine]]) for e in entries if e)
    return {name: int(number) for name, number in rows if number != "-"}
