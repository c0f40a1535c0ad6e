"""Has ipykernel use listening sockets that the grader made. Runs as a file in the box.

The sockets' files are outside the box, where the kernel could not make them; and what a forked
worker of the student prints must not touch the sockets of the kernel it was forked from.
"""

import os
import sys

import zmq
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread
from ipykernel.kernelapp import IPKernelApp


def adopt(listeners):
    """Serve on `listeners` (a descriptor per port number) from now on."""

    def bind_channel(app, sock, port):
        _bind(sock, listeners[port], app.ip, port)
        return port

    def bind_heartbeat(heartbeat):
        _bind(heartbeat.socket, listeners[heartbeat.port], heartbeat.ip, heartbeat.port)

    IPKernelApp._try_bind_socket = bind_channel
    Heartbeat._try_bind_socket = bind_heartbeat
    _keep_forks_away()


def _bind(sock, fd, ip, port):
    sock.setsockopt(zmq.USE_FD, fd)
    sock.bind(f"ipc://{ip}-{port}")


def _keep_forks_away():
    start, send = IOPubThread.__init__, IOPubThread._really_send

    def start_without_pipe(self, socket, pipe=False, session=False):
        # The pipe listens on TCP, which a box does not have; ZeroMQ would abort.
        start(self, socket, pipe=False, session=session)

    def send_from_kernel(self, *args, **kwargs):
        if self._is_master_process():
            send(self, *args, **kwargs)

    IOPubThread.__init__ = start_without_pipe
    IOPubThread._really_send = send_from_kernel
    os.register_at_fork(after_in_child=_print_to_descriptors)


def _print_to_descriptors():
    """The kernel reads descriptors 1 and 2, so prints of a fork still arrive."""
    sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
