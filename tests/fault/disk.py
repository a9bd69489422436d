"""A small file system that can be made full: tmpfs, in a mount namespace of this process."""

import ctypes
import os
import pathlib
import subprocess

_CLONE_NEWNS = 0x00020000
_BLOCK = 4096


def own_mounts():
    """Gives this process a mount namespace of its own, so that no mount outlives it; False where
    that is not allowed (it needs root). Call it before other threads begin.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        return False
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True)
    return done.returncode == 0


class Disk:
    """A tmpfs on `folder`. fill() leaves not a block; free() gives the room back."""

    def __init__(self, folder, megabytes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._size = megabytes << 20
        self._mount("-t", "tmpfs", "-o", f"size={self._size}", "tmpfs", self.folder)

    def fill(self):
        """What is written meanwhile may need another attempt: the size must hold what is there."""
        for _ in range(100):
            if self._resize(self.used()):
                return
        raise AssertionError(f"{self.folder} can't be made full")

    def free(self):
        if not self._resize(self._size):
            raise AssertionError(f"{self.folder} can't be given its size back")

    def used(self):
        status = os.statvfs(self.folder)
        return max(_BLOCK, (status.f_blocks - status.f_bfree) * status.f_frsize)

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=False)

    def _resize(self, size):
        command = ["mount", "-o", f"remount,size={size}", self.folder]
        return subprocess.run(command, capture_output=True).returncode == 0

    def _mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
