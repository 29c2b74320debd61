"""`python no_network.py COMMAND…`: run a command for which, with all its children, there is no network (Linux).

A seccomp filter answers socket(AF_INET | AF_INET6, …) with EPERM, in the kernel, whatever environment a child is given.
Local sockets (AF_UNIX) stay. Exits with 97 when this machine cannot do that.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
import sys

SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, DENY = 0x7FFF0000, 0x00050000 | 1  # 1: EPERM
UNAVAILABLE = 97


def block() -> None:
    """Take the network from this process and all that it starts. Raises OSError when the kernel refuses."""
    number = SOCKET_CALL[platform.machine()]
    program = [
        (LOAD, 0, 0, 0),  # the system call's number
        (JUMP_IF_EQUAL, 0, 4, number),
        (LOAD, 0, 0, 16),  # its first argument: the address family
        (JUMP_IF_EQUAL, 1, 0, socket.AF_INET),
        (JUMP_IF_EQUAL, 0, 1, socket.AF_INET6),
        (RETURN, 0, 0, DENY),
        (RETURN, 0, 0, ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    # struct sock_fprog: an unsigned short, padded, and a pointer
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_SECCOMP, FILTER, ctypes.addressof(header), 0, 0)):
        if libc.prctl(*map(ctypes.c_ulong, arguments)):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    try:
        block()
    except (OSError, KeyError) as error:
        print(f"no_network: this machine cannot block sockets ({error!r})", file=sys.stderr)
        sys.exit(UNAVAILABLE)
    os.execvp(sys.argv[1], sys.argv[1:])
