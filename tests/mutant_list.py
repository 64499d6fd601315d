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
        "tests/ui/test_nobody.py::test_a_temporary_folder_of_somebody_else_is_not_used",
        [
            (
                "return folder if ours and not found.st_mode & 0o077 else",
                "return folder if True else",
            )
        ],
    ),
    (
        "bgswap/io/files.py",
        "tests/io/test_files.py",
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
        "bgswap/option.py",
        "tests/test_options.py",
        [
            ("or (whole and value != int(value))", ""),
            ("and not isinstance(value, bool)", ""),
            ("if value is None and self.optional:", "if value is None:"),
            ("if len(text) > LONGEST_TEXT:", "if len(text) >= LONGEST_TEXT:"),
            ('"\\ud800" <= character <= "\\udfff"', '"\\udbff" < character < "\\udc00"'),
        ],
    ),
    (
        "bgswap/options.py",
        "tests/test_options.py",
        [("bounds=(1, 8),", "bounds=(1, 9),")],
    ),
    (
        "bgswap/io/images.py",
        "tests/io/test_images.py tests/ui/test_overlays.py",
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
        ],
    ),
    (
        "bgswap/io/encoding.py",
        "tests/io/test_encoding.py",
        [
            ('if kind == "JPEG" and image.shape[2] == 4:', "if False:"),
            ("profile[24:36] = struct", "_ = struct"),
        ],
    ),
    (
        "bgswap/io/float_tiff.py",
        "tests/io/test_images.py",
        [
            ("check_size(size)", "pass"),
            ("if kind != (RGB, INTERLEAVED, FLOATING):", "if FLOATING not in kind:"),
            ("return float_levels(values)", "return float_levels(values[:, :, ::-1])"),
        ],
    ),
    (
        "bgswap/io/color_management.py",
        "tests/io/test_color_management.py tests/io/test_images.py",
        [
            ("posinf=0, neginf=0", "posinf=1e9, neginf=0"),
            ("(1, 255, 65535)", "(255, 65535)"),
            ("2 ** (bits - signed) - 1", "2**bits - 1"),
            ('Image.new("RGB", color.size, "white")', 'Image.new("RGB", color.size, "black")'),
        ],
    ),
    (
        "bgswap/ui/thumbnails.py",
        "tests/ui/test_overlays.py",
        [
            (
                "blend.cutout(foreground(part, alpha), alpha)",
                "blend.cutout(part, alpha)",
            ),
            ("return min(around, key", "return max(around, key"),
            ("if distance >= -reach]", "if distance >= 0]"),
        ],
    ),
    (
        "bgswap/cli/outputs.py",
        'tests/test_cli.py -k "refused_before"',
        [
            ("if path.samefile(source):", "if path == source:"),
            ("if os.path.realpath(one) == os.path.realpath(other):", "if one == other:"),
            ("    check_writable(path)", "    pass"),
        ],
    ),
    (
        "bgswap/cli/answers.py",
        'tests/test_cli.py -k "encoding or full_disk or closed_pipe"',
        [
            ("ensure_ascii=not utf8", "ensure_ascii=False"),
            ('sys.stdout.reconfigure(errors="backslashreplace")', "pass"),
            ("except OSError as error:", "except BrokenPipeError as error:"),
        ],
    ),
    (
        "bgswap/cli/running.py",
        "tests/test_cli.py -k one_line",
        [("return _fail(error, NO_PERSON)", "return _fail(error, BAD_INPUT)")],
    ),
    (
        "bgswap/detection/checkpoints.py",
        "tests/models/test_pickles.py tests/models/test_bad_weights.py",
        [
            ("if not SAFE_LOAD:", "if False:"),
            ("if not ARCHITECTURES.fullmatch", "if not ARCHITECTURES.search"),
            ("or not low <= config[name] <= high", ""),
            ("check_tensors(network", "(lambda *_: None)(network"),
        ],
    ),
    (
        "bgswap/detection/yolo.py",
        "tests/models/test_pickles.py",
        [('os.environ["ULTRALYTICS_SAFE_LOAD"] = "true"', "pass")],
    ),
    (
        "bgswap/io/metadata.py",
        "tests/io/test_metadata.py",
        [
            (' or b"<!" in packet', ""),
            ("if OWN.encode() not in packet or", "if"),
            ("    if isinstance(value, str):\n        allowed", "    if False:\n        allowed"),
        ],
    ),
    (
        "bgswap/backgrounds/ranking.py",
        "tests/backgrounds/test_ranking.py",
        [
            ("GROWN = 0.1", "GROWN = 0.5"),
            ("return not background.extra_people and expansion", "return expansion"),
        ],
    ),
    (
        "bgswap/ui/guard.py",
        "tests/ui/test_guard.py tests/ui/test_request_checks.py",
        [
            ("resolved = Path(path).resolve()", "resolved = Path(path)"),
            ("Path(cache).resolve()", "Path(cache)"),
            ("    if not photo.is_file():", "    if False:"),
        ],
    ),
    (
        "bgswap/options.py",
        "tests/test_options.py",
        [
            ("bounds=(0, 30),", "bounds=(0, 31),"),
            ("bounds=(0, 2**32 - 1),", "bounds=(0, 2**32),"),
        ],
    ),
    (
        "bgswap/selection.py",
        "tests/test_selection.py",
        [
            ("choice.strip().lower() == word", "choice.strip() == word"),
            ("(isinstance(p, float) and p != int(p))", "False"),
        ],
    ),
]
