# Fetches so many loans with requests on threads, and sums each schedule.
#
#   many.py BASE COUNT AT_ONCE
#
# Prints calls a second and CPU seconds.

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

base, count, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
local = threading.local()


def fetch(number):
    if not hasattr(local, "session"):
        local.session = requests.Session()
        local.session.trust_env = False
        local.session.headers.update({"x-api-key": "key", "x-carbon-key": "key"})
    reply = local.session.get(f"{base}/LOAN_{number}").json()
    return sum(row["totalDue"] for row in reply["data"]["schedule"])


began, cpu = time.monotonic(), time.process_time()
with ThreadPoolExecutor(at_once) as pool:
    total = sum(pool.map(fetch, range(1, count + 1)))
print(f"rate {count / (time.monotonic() - began):.1f}")
print(f"cpu {time.process_time() - cpu:.4f}")
print(f"total {total}")
