"""The wrong lines of :mod:`mutants`: by file, the tests that should fail, and (right, wrong)."""

Changes = list[tuple[str, str]]

LIST: list[tuple[str, str, Changes]] = [
    (
        "bgswap/settings.py",
        "tests/test_settings.py",
        [
            ("if not 0 <= self.person_threshold < 1:", "if not 0 <= self.person_threshold:"),
            ("if not 0 < self.hub_timeout <= 60:", "if not 0 <= self.hub_timeout <= 60:"),
            ("(text.strip() or spec.type is not Path)", "True"),
            ("if home.is_dir() or _may_create(home):", "if True:"),
            ('if "NUMBA_CACHE_DIR" not in os.environ:', "if True:"),
            ("shutil.copytree(kept, folder, dirs_exist_ok=True)", "pass"),
        ],
    ),
    (
        "bgswap/settings.py",
        "tests/test_nobody.py::test_a_temporary_folder_of_somebody_else_is_not_used",
        [
            (
                "return folder if ours and not found.st_mode & 0o077 else",
                "return folder if True else",
            )
        ],
    ),
    (
        "bgswap/files.py",
        "tests/test_files.py",
        [
            ("partial.replace(target)", "target.write_bytes(content)"),
            ("target = Path(os.path.realpath(path))", "target = path"),
            ("if target.is_dir():  #", "if False:  #"),
            ("partial.unlink(missing_ok=True)", "pass"),
            ("partial.touch(exist_ok=False)", "pass"),
        ],
    ),
    (
        "bgswap/selection.py",
        "tests/test_selection.py",
        [
            ("except (TypeError, ValueError, OverflowError):", "except (TypeError, ValueError):"),
            ("if not numbers:", "if False:"),
            ("if unknown:", "if len(unknown) > 1:"),
            ("isinstance(p, bool) or ", ""),
        ],
    ),
    (
        "bgswap/types.py",
        "tests/test_types.py",
        [
            ("or (whole and value != int(value))", ""),
            ("and not isinstance(value, bool)", ""),
            ('"variations": (1, 8),', '"variations": (1, 9),'),
            ("if len(text) > LONGEST_TEXT:", "if len(text) >= LONGEST_TEXT:"),
            ('"\\ud800" <= character <= "\\udfff"', '"\\udbff" < character < "\\udc00"'),
        ],
    ),
    (
        "bgswap/images.py",
        "tests/test_images.py tests/test_overlays.py",
        [
            ("if width * height > MOST_PIXELS:", "if width * height > 2 * MOST_PIXELS:"),
            ("if min(size) < SHORTEST_SIDE:", "if max(size) < SHORTEST_SIDE:"),
            ("not (path.is_file() or path.is_dir())", "False"),
            ("open_image(file, formats=FORMATS)", "open_image(file)"),
            ("ImageOps.exif_transpose(image, in_place=True)", "pass"),
            ("cv2.INTER_AREA if smaller else cv2.INTER_CUBIC", "cv2.INTER_CUBIC"),
            ("if scale >= 1:", "if scale == 1:"),
            ("weighted[:, :, :3] *= weighted[:, :, 3:]", "pass"),
            ("result[result[:, :, 3] == 0] = 0", "pass"),
            ('if kind == "JPEG" and image.shape[2] == 4:', "if False:"),
            ("profile[24:36] = struct", "_ = struct"),
        ],
    ),
    (
        "bgswap/float_tiff.py",
        "tests/test_images.py",
        [
            ("check_size(size)", "pass"),
            ("if kind != (RGB, INTERLEAVED, FLOATING):", "if FLOATING not in kind:"),
            ("return float_levels(values)", "return float_levels(values[:, :, ::-1])"),
        ],
    ),
    (
        "bgswap/colour.py",
        "tests/test_colour.py tests/test_images.py",
        [
            ("posinf=0, neginf=0", "posinf=1e9, neginf=0"),
            ("(1, 255, 65535)", "(255, 65535)"),
            ("2 ** (bits - signed) - 1", "2**bits - 1"),
            ('Image.new("RGB", colour.size, "white")', 'Image.new("RGB", colour.size, "black")'),
        ],
    ),
    (
        "bgswap/figures.py",
        "tests/test_overlays.py",
        [
            ("compositing.foreground(photo[window], alpha)", "photo[window]"),
            ("return min(around, key", "return max(around, key"),
            ("if distance >= -reach]", "if distance >= 0]"),
        ],
    ),
    (
        "bgswap/__main__.py",
        'tests/test_cli.py -k "not process and not for_a_person"',
        [
            ("if path.samefile(photo):", "if path == photo:"),
            ("if os.path.realpath(output) == os.path.realpath(cutout):", "if output == cutout:"),
            ("    check_writable(path)", "    pass"),
            ("ensure_ascii=not utf8", "ensure_ascii=False"),
            ('sys.stdout.reconfigure(errors="backslashreplace")', "pass"),
            ("except OSError as error:", "except BrokenPipeError as error:"),
            ("return _fail(error, NO_PERSON)", "return _fail(error, BAD_INPUT)"),
        ],
    ),
    (
        "bgswap/weights/values.py",
        "tests/weights/test_bad_weights.py",
        [
            ("all(extreme <= LARGEST for", "not any(extreme > LARGEST for"),
            ("LARGEST = 1e6", "LARGEST = 1e31"),
            ("if not largest:", "if False:"),
        ],
    ),
    (
        "bgswap/shelf.py",
        "tests/weights/test_bad_weights.py",
        [
            ("                check_values(weights.path)", "                pass"),
            ("                check(model)", "                pass"),
            ("except Exception as error:", "except ModelUnavailable as error:"),
        ],
    ),
    (
        "bgswap/detection/checkpoints.py",
        "tests/weights/test_pickles.py tests/weights/test_bad_weights.py",
        [
            ("if not SAFE_LOAD:", "if False:"),
            ("if not ARCHITECTURES.fullmatch", "if not ARCHITECTURES.search"),
            ("or not low <= config[name] <= high", ""),
            ("check_tensors(network", "(lambda *_: None)(network"),
        ],
    ),
    (
        "bgswap/detection/yolo.py",
        "tests/weights/test_pickles.py",
        [('os.environ["ULTRALYTICS_SAFE_LOAD"] = "true"', "pass")],
    ),
    (
        "bgswap/weights/official.py",
        "tests/weights/test_official.py tests/weights/test_pickles.py",
        [
            ("[:1] != [_sha256(path)]", "[:1] == [_sha256(path)]"),
            ("            _check_sums(path)", "            pass"),
            ("size=lambda: _size(path.parent)", "size=lambda: 0"),
            ("            write_digest(path)", "            _digest_file(path).touch()"),
        ],
    ),
    (
        "bgswap/weights/hub_download.py",
        "tests/weights/test_faults.py tests/weights/test_cache.py",
        [
            ("    refuse_to_wait()", "    pass"),
            ("        if _as_announced(path, file):", "        if True:"),
            ("if folder.name != info.sha:", "if False:"),
            ("for again in (False, True):", "for again in (False,):"),
        ],
    ),
    (
        "bgswap/weights/store.py",
        "tests/weights/test_downloads.py tests/weights/test_cache.py tests/weights/test_on_disk.py",
        [
            ("RETRY_AFTER = 300.0", "RETRY_AFTER = math.inf"),
            ("            self._rejected.add(role)", "            pass"),
            ("            if role not in self._jobs:", "            if True:"),
            ("weights is not None and weights.path.exists()", "weights is not None"),
        ],
    ),
    (
        "bgswap/weights/process.py",
        "tests/weights/test_recovery.py tests/weights/test_official.py",
        [
            ("elif time.monotonic() - since > stall:", "elif False:"),
            ("        if process.returncode:", "        if False:"),
            ("now = (lines.read(), size())", "now = (lines.read(), 0)"),
        ],
    ),
    (
        "bgswap/weights/probe.py",
        "tests/weights/test_faults.py tests/weights/test_official.py",
        [
            ("if error is not None and time.monotonic() < until:", "if False:"),
            ("    thread.join(seconds)", "    thread.join()"),
        ],
    ),
    (
        "bgswap/weights/checks.py",
        "tests/weights/test_on_disk.py tests/weights/test_pipeline_files.py",
        [
            ("        if not configs:", "        if False:"),
            ("    if empty:", "    if False:"),
            ("    if not isinstance(content, dict):", "    if False:"),
        ],
    ),
    (
        "bgswap/weights/sources.py",
        "tests/weights/test_sources.py",
        [
            ("    if path.suffix.lower() in _PICKLES:", "    if False:"),
            ("(?!.*(?:--|\\.\\.))", ""),
            ('role == "person_detector" and _OFFICIAL', "_OFFICIAL"),
        ],
    ),
    (
        "bgswap/finish/provenance.py",
        "tests/finish/test_provenance.py",
        [
            (' or b"<!" in packet', ""),
            ("if OWN.encode() not in packet or", "if"),
            ("    if isinstance(value, str):\n        allowed", "    if False:\n        allowed"),
        ],
    ),
    (
        "bgswap/scene/ranking.py",
        "tests/scene/test_ranking.py",
        [("GROWN = 0.1", "GROWN = 0.5"), ("return not candidate.extra_people and", "return")],
    ),
    (
        "ui/guard.py",
        "tests/test_guard.py tests/test_checks.py",
        [
            ("resolved = Path(path).resolve()", "resolved = Path(path)"),
            ("Path(cache).resolve()", "Path(cache)"),
            ("    if not photo.is_file():", "    if False:"),
        ],
    ),
]
