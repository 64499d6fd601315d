"""The line on top of the page: which models serve, and what is on its way."""

from bgswap.ui.work import Workbench


def status_line(bench: Workbench) -> tuple[bool, str, list[str]]:
    """Whether something is still on its way, the line, and every detail.

    Args:
        bench: whose models.
    """
    roles = bench.swapper.models.store.status()
    coming = [r.message for r in roles if r.state == "downloading"]
    details = bench.swapper.models.status()
    full = any(r.state == "ready" for r in roles)
    serving = "Full models" if full else "Starter models"
    if bench.warming is not None and bench.warming.is_alive():
        return True, "Loading models; you can choose a photo already", details
    if coming:
        more = f" and {len(coming) - 1} more" if len(coming) > 1 else ""
        return True, f"{serving} for now; {coming[0]}{more}", details
    if any(r.state == "failed" for r in roles):
        return False, f"{serving}; the larger ones are out of reach here", details
    return False, serving, details
