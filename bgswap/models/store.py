"""Which weights each role uses now, and why."""

import logging
import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bgswap.errors import ModelUnavailable
from bgswap.models import hub, official
from bgswap.models.checks import Broken, Incomplete, check_folder
from bgswap.models.licenses import license_of
from bgswap.models.on_disk import locate
from bgswap.models.roles import STARTER, Role, RoleStatus, Weights, model_roles, source_of
from bgswap.models.sources import Hub, Local, Official, Registered, Source
from bgswap.settings import Settings

log = logging.getLogger(__name__)

# Seconds after which a failed download is retried, if its model is requested again.
RETRY_AFTER = 300.0


@dataclass
class _Job:
    """A download in progress."""

    done: threading.Event = field(default_factory=threading.Event)
    fraction: float | None = None


class WeightStore:
    """Locates the weights of each role, downloads missing ones, and falls back to the starter.

    Thread-safe. Cached weights are used without a request: a branch is not updated while a copy of
    it is cached, so pin a revision where that matters.

    Args:
        settings: which models, and whether to use the network (``models="starter"``: never).
        wait: True: :meth:`get` waits for downloads. False: it returns the starter while the full
            model downloads in the background.
        starter: the folder of the weights that ship with the program.

    Raises:
        BadInput: a setting names no valid source of weights.
    """

    def __init__(self, settings: Settings, wait: bool = True, starter: Path = STARTER) -> None:
        self.settings = settings
        self.wait = wait
        self.starter = starter
        self._sources: dict[Role, Source | None] = {}
        for role in model_roles():
            self._source(role)
        self._lock = threading.RLock()
        self._ready: dict[Role, Weights] = {}
        self._jobs: dict[Role, _Job] = {}
        # The reason, and the time until which a download is not retried.
        self._failed: dict[Role, tuple[str, float]] = {}
        self._rejected: set[Role] = set()

    def get(self, role: Role) -> Weights:
        """The weights to use for a role now.

        Returns:
            The full model where it is on disk or, if the store waits, could be downloaded. Else
            the starter, with a note that says why.

        Raises:
            ModelUnavailable: no weights are available, or ``models="full"`` and the full model is
                not; the message is one sentence.
        """
        source = self._source(role)
        if isinstance(source, Registered):
            return Weights(role, Path(), source.name, "registered", license_of(source, None))
        if source is None or self.settings.models == "starter":
            return self._starter_weights(role)
        weights = self._on_disk(role, source)
        if weights is None and not self._recently_failed(role):
            job = self._download(role, source)
            if self.wait:
                job.done.wait()
                weights = self._on_disk(role, source)
        return weights or self._fallback(role, source)

    def start_downloads(self, roles: Iterable[Role]) -> None:
        """Download missing full models of these roles in the background; returns at once.

        Roles that use the starter by setting are skipped.
        """
        for role in roles:
            source = self._source(role)
            if source is None or isinstance(source, Registered):
                continue
            if self.settings.models == "starter" or self._recently_failed(role):
                continue
            self._download(role, source)

    def status(self) -> list[RoleStatus]:
        """The state of each role; uses neither disk nor network."""
        with self._lock:
            return [self._status(role) for role in model_roles()]

    def reject(self, role: Role, reason: str) -> None:
        """Use the starter for a role from now on, because its full weights do not work.

        Args:
            role: of the model.
            reason: what is wrong with the weights, for display.
        """
        with self._lock:
            self._ready.pop(role, None)
            self._rejected.add(role)
            self._failed[role] = (reason, math.inf)
        log.warning("%s: weights rejected: %s", model_roles()[role].title, reason)

    def _source(self, role: Role) -> Source | None:
        if role not in self._sources:
            self._sources[role] = source_of(role, self.settings)
        return self._sources[role]

    def _on_disk(self, role: Role, source: Source) -> Weights | None:
        """The full weights, if they are complete on disk."""
        with self._lock:
            if role in self._rejected:
                return None
            weights = self._ready.get(role)
        if weights is not None and weights.path.exists():
            return weights
        path, reason = self._locate(role, source)
        with self._lock:
            if path is None:
                self._ready.pop(role, None)
                if isinstance(source, Local):
                    self._failed[role] = (reason, math.inf)
                return None
            self._failed.pop(role, None)
            self._ready[role] = Weights(role, path, str(source), "full", license_of(source, path))
            return self._ready[role]

    def _locate(self, role: Role, source: Source) -> tuple[Path | None, str]:
        """The path of a source's complete weights, or None and the reason."""
        try:
            return locate(role, source, self.settings.cache), ""
        except (Incomplete, Broken) as error:
            return None, str(error)

    def _recently_failed(self, role: Role) -> bool:
        with self._lock:
            return role in self._failed and time.monotonic() < self._failed[role][1]

    def _download(self, role: Role, source: Source) -> _Job:
        """The download of a role: the one in progress, or a new one in a new thread."""
        with self._lock:
            if role not in self._jobs:
                self._failed.pop(role, None)
                self._jobs[role] = job = _Job()
                name = f"weights-{role}"
                threading.Thread(
                    target=self._run, args=(role, source, job), name=name, daemon=True
                ).start()
            return self._jobs[role]

    def _run(self, role: Role, source: Source, job: _Job) -> None:
        reason = ""
        try:
            if self._on_disk(role, source) is None and not isinstance(source, Local):
                log.info("%s: fetching %s", model_roles()[role].title, source)
                self._fetch(role, source, job)
                log.info("%s: %s is here", model_roles()[role].title, source)
        except ModelUnavailable as error:
            reason = str(error)
            log.warning("%s: %s: %s", model_roles()[role].title, source, reason)
        except Exception:
            reason = "something went wrong while fetching it"
            log.exception("%s: %s", model_roles()[role].title, source)
        with self._lock:
            if reason:
                self._failed[role] = (reason, time.monotonic() + RETRY_AFTER)
            else:
                self._on_disk(role, source)
            del self._jobs[role]
        job.done.set()

    def _fetch(self, role: Role, source: Source, job: _Job) -> None:
        def progress(fraction: float | None) -> None:
            if fraction is None:
                return
            tenth = int(fraction * 10)
            if tenth > int((job.fraction or 0) * 10):
                log.info("%s: %s: %d %%", model_roles()[role].title, source, tenth * 10)
            job.fraction = fraction

        if isinstance(source, Hub):
            hub.fetch(role, source, self.settings, progress)
        elif isinstance(source, Official):
            official.fetch(source, self.settings)

    def _fallback(self, role: Role, source: Source) -> Weights:
        with self._lock:
            if role in self._jobs:
                why = f"{source} is still downloading"
            else:
                reason = self._failed[role][0] if role in self._failed else "it is gone again"
                why = f"{source} cannot be used: {reason}"
        if self.settings.models == "full":
            raise ModelUnavailable(f"{model_roles()[role].title} {why}")
        return self._starter_weights(role, f"{model_roles()[role].title} {why}; using the starter")

    def _starter_weights(self, role: Role, note: str = "") -> Weights:
        row = model_roles()[role]
        if row.packaged:
            name, license = row.packaged.name, row.packaged.license
            return Weights(role, Path(), name, "registered", license, note)
        if not row.starter:
            note = note.removesuffix("; using the starter")
            raise ModelUnavailable(note or f"{row.title}: only the starter models were requested")
        path = self.starter / row.starter
        try:
            check_folder(role, path)
        except (Incomplete, Broken) as error:
            raise ModelUnavailable(
                f"{row.title}: the starter weights are not whole: {error}"
            ) from error
        return Weights(role, path, "starter", "starter", license_of(None, path), note)

    def _status(self, role: Role) -> RoleStatus:
        source, row = self._source(role), model_roles()[role]
        title = row.title
        if role in self._ready:
            return RoleStatus(role, "ready", str(source), None, f"{title} {source}")
        if role in self._jobs:
            fraction = self._jobs[role].fraction
            percent = "" if fraction is None else f", {fraction:.0%}"
            message = f"{title} {source} is downloading{percent}"
            return RoleStatus(role, "downloading", str(source), fraction, message)
        if role in self._failed:
            message = f"{title} {source} cannot be used: {self._failed[role][0]}"
            return RoleStatus(role, "failed", str(source), None, message)
        what = "starter" if row.starter or row.packaged else "not in use"
        return RoleStatus(role, "starter", "starter", None, f"{title}: {what}")
