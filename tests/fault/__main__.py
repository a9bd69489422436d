"""python3 -m fault: a campaign with the options of ./x fault; see README.md."""

import argparse
import pathlib
import shutil
import sys
import tempfile
import traceback

from fault.campaign import Campaign
from fault.disk import own_mounts


def parse():
    parser = argparse.ArgumentParser(prog="./x fault", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="of faults; then it is judged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--servers", type=int, choices=(1, 3), help="default: by the seed")
    parser.add_argument("--store", choices=("file", "s3"), help="default: by the seed")
    parser.add_argument("--window", type=float, default=0.0, help="duplicate window of the targets, s")
    parser.add_argument("--rate", type=int, default=1000, help="messages a second, all streams")
    parser.add_argument("--settle", type=float, default=240.0, help="seconds to catch up at the end")
    parser.add_argument("--keep", action="store_true", help="keep the logs of a good run too")
    options = parser.parse_args()
    options.seconds = options.minutes * 60
    options.store = options.store or ("file", "s3")[options.seed % 2]
    options.servers = options.servers or (1, 3)[options.seed // 2 % 2]
    return options


def main():
    options = parse()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nats3-fault."))
    again = f"--seed {options.seed} --minutes {options.minutes:g} --store {options.store}"
    again += f" --servers {options.servers} --window {options.window:g} --rate {options.rate}"
    print(f"campaign {again}; logs in {folder}", flush=True)
    campaign = Campaign(folder, options, own_mounts())
    good = False
    try:
        good = campaign.report(campaign.run())
        if not good:
            campaign.keep_evidence()
    except Exception:  # noqa: BLE001: whatever it was, the history is wanted
        traceback.print_exc()
    finally:
        campaign.close()
    if not good:
        print("\n".join(["history:", *campaign.history]))
        print(f"FAILED: again by ./x fault {again}; logs in {folder}")
    elif not options.keep:
        shutil.rmtree(folder)
    return 0 if good else 1


sys.exit(main())
