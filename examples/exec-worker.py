#!/usr/bin/env python3
"""A handler in Python: adds up the numbers of an array.

    millrace worker --exec numbers.add=examples/exec-worker.py

The payload comes on standard input, as JSON; what is printed is the result.
Exit 0: done. 65: it will never work. Any other, so also an exception that
nobody catches: try again later, with the end of standard error as the reason.
"""
import json
import os
import sys

REJECT = 65

numbers = json.load(sys.stdin)
if not isinstance(numbers, list):
    print("wants an array of numbers", file=sys.stderr)
    sys.exit(REJECT)

if "flaky" in numbers and os.environ["MILLRACE_ATTEMPT"] == "1":
    raise ConnectionError("the adding machine does not answer")

# A handler that writes elsewhere may guard that by the fencing token: it grows
# with every lease, so whoever comes with a smaller one is late.
token = int(os.environ["MILLRACE_FENCING_TOKEN"])
total = sum(n for n in numbers if isinstance(n, (int, float)))
print(json.dumps({"sum": total, "token": token}))
