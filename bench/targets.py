"""What the figures have to come to, and how they are told."""

PEAK_MEGABYTES = 150
LOAD = 0.9


def store_target(result):
    """The ratio to the floor that a store has to reach, or None where none is set."""
    if result["workload"] == "100b":
        return 0.6
    if result["workload"] == "1k":
        return {"file": 0.8, "s3": 0.7}[result["to"]]
    return None


def load_target(result):
    return LOAD if result["workload"] == "1k" else None


def judged(result):
    """(name, value, target, whether it is reached) of each figure that has a target."""
    figures = []
    for name, target in (("store", store_target(result)), ("load", load_target(result))):
        if target is not None:
            value = result[f"{name}_ratio"]
            figures.append((name, value, target, value >= target))
    peak = result["peak_megabytes"]
    figures.append(("peak", peak, PEAK_MEGABYTES, peak <= PEAK_MEGABYTES))
    return figures


def line(result):
    """One line for the terminal, each figure beside its target."""
    targets = {name: f" ({'>=' if name != 'peak' else '<='} {target:g}{'' if ok else ': MISSED'})"
               for name, _, target, ok in judged(result)}
    cpu = ", ".join(
        f"{kind} " + " + ".join(f"{name} {seconds:.1f}" for name, seconds in result[f"{kind}_cpu"].items())
        for kind in ("store", "load")
    )
    return (
        f"{result['workload']:12} {result['to']:4} "
        f"store {result['store']:9,.0f}/s, {result['store_ratio']:.2f}{targets.get('store', '')}, "
        f"{result['store_of_compressing']:.2f} of pulling and compressing; "
        f"load {result['load']:9,.0f}/s, {result['load_ratio']:.2f}{targets.get('load', '')}; "
        f"peak {result['peak_megabytes']:.0f} MB{targets['peak']}; "
        f"{result['stored_bytes_per_message']:,.1f} B a message\n"
        f"{'':17} CPU seconds a million messages: {cpu}{without_ids(result)}"
    )


def without_ids(result):
    """The line on loads without message ids, where they were measured."""
    if "load_without_ids" not in result:
        return ""
    return (
        f"\n{'':17} load without message ids {result['load_without_ids']:9,.0f}/s, "
        f"{result['load_without_ids'] / result['load']:.2f} of a load with them, "
        f"{result['load_without_ids_ratio']:.2f} of its floor"
    )


def last_line(results, seconds):
    """The line that the verb ends with: the 1 KB workload, or the first there is."""
    main = [each for each in results if each["workload"] == "1k"] or results[:1]
    stores = ", ".join(f"{each['store_ratio']:.2f} ({each['to']})" for each in main)
    loads = min(each["load_ratio"] for each in main)
    peak = max(each["peak_megabytes"] for each in results)
    return f"store {stores} of the floor, load {loads:.2f}; peak {peak:.0f} MB; in {seconds:.0f} s"
