"""One base64 file per line in, one answer per line out: `set` and name:value pairs, or `refused`.

Calls what systemd calls for EnvironmentFile=: load_env_file(), and then strv_env_clean() on its result.
"""

import ctypes
import glob
import os
import sys
from base64 import b64decode, b64encode

[library] = glob.glob("/usr/lib/*/systemd/libsystemd-shared-*.so")
systemd = ctypes.CDLL(library)
Strings = ctypes.POINTER(ctypes.c_char_p)
systemd.load_env_file.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(Strings)]
systemd.strv_env_clean_with_callback.argtypes = [Strings, ctypes.c_void_p, ctypes.c_void_p]
systemd.strv_env_clean_with_callback.restype = Strings

memory = os.memfd_create("env")
path = f"/proc/self/fd/{memory}"
for line in sys.stdin.buffer:
    os.truncate(memory, 0)
    os.pwrite(memory, b64decode(line), 0)
    strings = Strings()
    if systemd.load_env_file(None, path.encode(), ctypes.byref(strings)) < 0:
        print("refused")
        continue
    if strings:
        strings = systemd.strv_env_clean_with_callback(strings, None, None)
    pairs = []
    index = 0
    while strings and strings[index] is not None:
        name, _, value = strings[index].partition(b"=")
        pairs.append(b64encode(name).decode() + ":" + b64encode(value).decode())
        index += 1
    print("set", *pairs)
