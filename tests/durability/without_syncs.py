"""Becomes a program whose syncs do nothing and succeed: a filter on its system calls. x86-64 and arm64 Linux."""

import ctypes
import os
import platform
import struct
import sys

SYNCS = {"x86_64": [74, 75, 162, 277, 306], "aarch64": [81, 82, 83, 84, 267]}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
SUCCEED_WITHOUT_RUNNING, ALLOW = 0x00050000, 0x7FFF0000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def take_out(calls):
    instruction = lambda code, yes, no, value: struct.pack("HBBI", code, yes, no, value)  # noqa: E731
    steps = [instruction(LOAD, 0, 0, 0)]
    steps += [instruction(EQUAL, len(calls) - at, 0, number) for at, number in enumerate(calls)]
    steps += [instruction(RETURN, 0, 0, ALLOW), instruction(RETURN, 0, 0, SUCCEED_WITHOUT_RUNNING)]
    code = ctypes.create_string_buffer(b"".join(steps))
    program = Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    for option, *values in [(PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, FILTER, ctypes.addressof(program))]:
        if libc.prctl(option, *map(ctypes.c_ulong, values), 0, 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    take_out(SYNCS[platform.machine()])
    os.execv(sys.argv[1], sys.argv[1:])
