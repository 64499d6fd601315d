"""The wrong lines of :mod:`mutants` in `bgswap.models`, as in `mutant_list`."""

from mutant_list import Changes

LIST: list[tuple[str, str, Changes]] = [
    (
        "bgswap/models/weight_values.py",
        "tests/models/test_bad_weights.py",
        [
            ("all(extreme <= LARGEST_WEIGHT for", "not any(extreme > LARGEST_WEIGHT for"),
            ("LARGEST_WEIGHT = 1e6", "LARGEST_WEIGHT = 1e31"),
            ("if not largest:", "if False:"),
        ],
    ),
    (
        "bgswap/models/manager.py",
        "tests/models/test_bad_weights.py",
        [
            ("                check_values(weights.path)", "                pass"),
            ("                model.check()", "                pass"),
            ("except Exception as error:", "except ModelUnavailable as error:"),
        ],
    ),
    (
        "bgswap/models/official.py",
        "tests/models/test_official.py tests/models/test_pickles.py",
        [
            ("[:1] != [_sha256(path)]", "[:1] == [_sha256(path)]"),
            ("            _check_checksums(path)", "            pass"),
            ("size=lambda: _size(path.parent)", "size=lambda: 0"),
            ("            write_digest(path)", "            _digest_file(path).touch()"),
        ],
    ),
    (
        "bgswap/models/hub_download.py",
        "tests/models/test_faults.py tests/models/test_cache.py",
        [
            ("    fail_on_rate_limit()", "    pass"),
            ("        if _has_announced_hash(path, file):", "        if True:"),
            ("if folder.name != info.sha:", "if False:"),
            ("for again in (False, True):", "for again in (False,):"),
        ],
    ),
    (
        "bgswap/models/store.py",
        "tests/models/test_downloads.py tests/models/test_cache.py tests/models/test_on_disk.py",
        [
            ("RETRY_AFTER = 300.0", "RETRY_AFTER = math.inf"),
            ("            self._rejected.add(role)", "            pass"),
            ("            if role not in self._jobs:", "            if True:"),
            ("weights is not None and weights.path.exists()", "weights is not None"),
        ],
    ),
    (
        "bgswap/models/process.py",
        "tests/models/test_recovery.py tests/models/test_official.py",
        [
            ("elif time.monotonic() - since > stall:", "elif False:"),
            ("        if process.returncode:", "        if False:"),
            ("now = (lines.read(), size())", "now = (lines.read(), 0)"),
        ],
    ),
    (
        "bgswap/models/deadline.py",
        "tests/models/test_faults.py tests/models/test_official.py",
        [
            ("if error is not None and time.monotonic() < until:", "if False:"),
            ("    thread.join(seconds)", "    thread.join()"),
        ],
    ),
    (
        "bgswap/models/checks.py",
        "tests/models/test_on_disk.py tests/models/test_pipeline_files.py",
        [
            ("        if not configs:", "        if False:"),
            ("    if empty:", "    if False:"),
            ("    if not isinstance(content, dict):", "    if False:"),
        ],
    ),
    (
        "bgswap/models/sources.py",
        "tests/models/test_sources.py",
        [
            ("    if path.suffix.lower() in _PICKLES:", "    if False:"),
            ("(?!.*(?:--|\\.\\.))", ""),
            ('role == "person_detector" and _OFFICIAL', "_OFFICIAL"),
        ],
    ),
]
