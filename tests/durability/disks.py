"""A disk of its own for a server: a file behind a loop device. Its power can be cut, it can be small, and its syncs can be taken out."""

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import sys

import pytest
from conftest import Gureum

# Ten minutes between commits of the file system: nothing reaches the device because of the time.
MOUNT = "loop,commit=600"
# ext4's ioctl of shutting down, and to leave in memory what is there. Source: linux/fs/ext4/ext4.h, EXT4_IOC_SHUTDOWN.
GOING_DOWN, WITHOUT_FLUSHING = 0x8004587D, 2


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


class Disk:
    def __init__(self, image, size=None):
        self.image = image
        if size:
            run("truncate", "-s", size, image)
            run("mkfs.ext4", "-q", "-F", image)

    @contextlib.contextmanager
    def mounted(self, at):
        at.mkdir(exist_ok=True)
        run("mount", "-o", MOUNT, self.image, at)
        try:
            yield at
        finally:
            run("umount", at)

    def copy(self, image):
        """What had reached the device, and nothing else."""
        run("cp", "--sparse=always", self.image, image)
        return Disk(image)


@pytest.fixture
def folder(tmp_path):
    """Where disks can be made; where they cannot, the test says so and is skipped."""
    try:
        with Disk(tmp_path / "probe", "16M").mounted(tmp_path / "probed"):
            return tmp_path
    except OSError as reason:
        pytest.skip(f"no disks can be made here: {reason}")


class OnDisk(Gureum):
    """A server whose data folder is on a disk that is mounted at `disk`."""

    def __init__(self, folder, disk, *flags, syncs=True):
        super().__init__(folder, *flags)
        (disk / "data").mkdir(mode=0o700, exist_ok=True)
        if not (folder / "data").is_symlink():
            (folder / "data").symlink_to(disk / "data")
        if not syncs:
            self.prefix = (sys.executable, os.path.join(os.path.dirname(__file__), "without_syncs.py"))

    def freeze(self):
        """Stops it in its tracks; it does not run again."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)


def fail(mounted):
    """From now on the disk answers everything with an input/output error, as a cable does that was pulled."""
    folder = os.open(mounted, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, GOING_DOWN, struct.pack("I", WITHOUT_FLUSHING))
    finally:
        os.close(folder)
