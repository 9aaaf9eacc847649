"""No network in a parser's child: the kernel refuses it sockets, whoever asks, a native library too.

By a seccomp filter, which needs no privilege, cannot be taken off again, and holds for programs the child
starts. Beside sockets it refuses what leads around them: io_uring (which opens sockets of its own) and the
ways into another process, which has some.
"""

import ctypes
import errno
import platform
import struct
import sys
from typing import NamedTuple


class _Machine(NamedTuple):
    audit_arch: int
    socket: int
    others: tuple[int, ...]
    """ptrace, process_vm_readv, process_vm_writev, io_uring_setup, pidfd_getfd."""


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 41, (101, 310, 311, 425, 438)),
    "aarch64": _Machine(0xC00000B7, 198, (117, 270, 271, 425, 438)),
}
_LOCAL = 1  # AF_UNIX
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
# Classic BPF over struct seccomp_data: number at 0, architecture at 4, first argument at 16.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000 | errno.EACCES
_FIRST_OF_X32 = 0x40000000  # the same calls under other numbers


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def shut(local_sockets: bool = False) -> bool:
    """Refuse this process sockets from now on; `local_sockets` leaves it those that stay on the machine.

    False where the system has no such filter (it is Linux's, on two kinds of machine): nothing is refused
    then. Raises OSError where the kernel should have it and does not take it.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None or sys.platform != "linux":
        return False
    rules = _rules(machine, local_sockets)
    program = _Program(len(rules), b"".join(struct.pack("=HBBI", *rule) for rule in rules))
    libc = ctypes.CDLL(None, use_errno=True)
    filtered = (_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    for call in ((_SET_NO_NEW_PRIVS, 1, 0, 0, 0), filtered):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")
    return True


def _rules(machine: _Machine, local_sockets: bool) -> list[tuple[int, int, int, int]]:
    """Instructions: code, jump if true, jump if false, operand. Jumps count the instructions passed over."""
    refused = [(_JUMP_AT_LEAST, _FIRST_OF_X32), *((_JUMP_EQUAL, call) for call in machine.others)]
    head = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, machine.audit_arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
    ]
    # Behind the calls refused stand: is it socket? · its family · is that local? · allow · refuse
    calls = [(code, len(refused) - place + 3, 0, operand) for place, (code, operand) in enumerate(refused)]
    family = _LOCAL if local_sockets else 0xFFFFFFFF  # no family has that number
    tail = [
        (_JUMP_EQUAL, 0, 2, machine.socket),
        (_LOAD, 0, 0, 16),
        (_JUMP_EQUAL, 0, 1, family),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return head + calls + tail
