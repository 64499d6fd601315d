"""The status line at the top of the page: models in use, and downloads."""

from bgswap.ui.service import SwapService


def status_line(service: SwapService) -> tuple[bool, str, list[str]]:
    """Whether something is still on its way, the line, and every detail.

    Args:
        service: whose models.
    """
    roles = service.swapper.models.store.status()
    coming = [r.message for r in roles if r.state == "downloading"]
    details = service.swapper.models.status()
    full = any(r.state == "ready" for r in roles)
    serving = "Full models" if full else "Starter models"
    if service.warming is not None and service.warming.is_alive():
        return True, "Loading models; you can choose a photo already", details
    if coming:
        more = f" and {len(coming) - 1} more" if len(coming) > 1 else ""
        return True, f"{serving} for now; {coming[0]}{more}", details
    if any(r.state == "failed" for r in roles):
        return False, f"{serving}; the larger ones are out of reach here", details
    return False, serving, details
