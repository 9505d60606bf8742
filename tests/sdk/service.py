"""A small service that reports its errors with the AllStak SDK, set up from its environment.

Reports an error at once and another for each line of its standard input, and prints after each what
the SDK says of itself. Ends with its standard input.
"""

import json
import sys

import allstak

# The key comes from ALLSTAK_API_KEY. Nothing is sent but the errors, so that a test can count them,
# and with fewer attempts than by default, so that it need not wait.
allstak.init(
    host=sys.argv[1],
    max_retries=2,
    auto_register_release=False,
    enable_auto_session_tracking=False,
)


def report(text: str) -> None:
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        allstak.capture_exception(error)
    allstak.flush()
    print(json.dumps(allstak.get_diagnostics()), flush=True)


report("the till is on fire")
for line in sys.stdin:
    report(line)
