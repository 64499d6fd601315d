"""What a model Hub answers: repositories in memory, and the requests to them that it knows."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from hub_connection import Connection

LARGE = 10_000  # bytes from which a file is kept as a large file


@dataclass
class Repo:
    """One repository: the files of each commit, and the commit of each branch and tag."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        listing = sorted((path, hashlib.sha1(data).hexdigest()) for path, data in files.items())
        oid = hashlib.sha1(repr((listing, len(self.commits))).encode()).hexdigest()
        self.commits[oid] = files
        self.refs[branch] = oid
        return oid

    def resolve(self, revision: str) -> str | None:
        oid = self.refs.get(revision, revision)
        return oid if oid in self.commits else None


def entry(path: str, data: bytes) -> dict[str, Any]:
    """A file as the API describes it."""
    about: dict[str, Any] = {
        "rfilename": path,
        "path": path,
        "type": "file",
        "size": len(data),
        "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(),
    }
    about["blobId"] = about["oid"]
    if len(data) >= LARGE:
        sums = hashlib.sha256(data).hexdigest()
        about["lfs"] = {"sha256": sums, "oid": sums, "size": len(data), "pointerSize": 130}
    return about


def etag(data: bytes) -> str:
    """The hash of a file's content: SHA-256 of a large file, git hash of a small one."""
    about = entry("", data)
    return about["lfs"]["sha256"] if "lfs" in about else about["oid"]


class Handler(Connection):
    """Answers the requests on one connection."""

    def route(self) -> None:
        kind = r"/api/(?P<kind>models|spaces)/(?P<name>[^/]+/[^/]+)"
        routes = {
            r"POST /api/repos/create": self.create,
            r"POST /api/validate-yaml": self.validate,
            rf"POST {kind}/preupload/(?P<revision>.+)": self.preupload,
            r"POST /(?:spaces/)?[^/]+/[^/]+\.git/info/lfs/objects/batch": self.batch,
            r"PUT /large/(?P<oid>\w+)": self.put_large,
            r"POST /large/verify": self.verify_large,
            rf"POST {kind}/commit/(?P<revision>.+)": self.commit,
            rf"POST {kind}/tag/(?P<revision>.+)": self.tag,
            rf"POST {kind}/(?P<setting>variables|hardware)": self.configure,
            rf"GET {kind}(?:/revision/(?P<revision>.+))?": self.info,
            rf"GET {kind}/tree/(?P<revision>.+)": self.tree,
            rf"GET {kind}/refs": self.refs,
            r"(?:GET|HEAD) /(?:(?P<kind>spaces)/)?(?P<name>[^/]+/[^/]+)/resolve/"
            r"(?P<revision>[^/]+)/(?P<path>.+)": self.resolve,
        }
        for pattern, answer in routes.items():
            match = re.fullmatch(pattern, f"{self.command} {self.path}")
            if match:
                answer(**match.groupdict())
                return
        self.refuse(404, "")

    def repo(self, kind: str | None, name: str) -> Repo | None:
        repo = self.hub.repos.get((kind or "models", name))
        if repo is None:
            self.refuse(404, "RepoNotFound")
        return repo

    def create(self) -> None:
        wish = json.loads(self.body)
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self.refuse(401, "")
            return
        name, kind = f"{wish['organization']}/{wish['name']}", wish.get("type", "model")
        key = (f"{kind}s", name)
        there = key in self.hub.repos
        if not there:
            self.hub.repos[key] = Repo(settings=wish)
            self.hub.repos[key].commit({".gitattributes": b""})
        prefix = "" if kind == "model" else f"{kind}s/"
        self.answer({"url": f"{self.hub.url}/{prefix}{name}"}, 409 if there else 200)

    def configure(self, kind: str, name: str, setting: str) -> None:
        repo, wish = self.repo(kind, name), json.loads(self.body)
        if not repo:
            return
        if setting == "hardware":
            repo.settings["hardware"] = wish["flavor"]
            hardware = {"current": None, "requested": wish["flavor"]}
            self.answer({"stage": "BUILDING", "hardware": hardware})
            return
        variables: Any = repo.settings.setdefault("variables", {})
        variables[wish["key"]] = wish["value"]
        self.answer({key: {"value": value} for key, value in variables.items()})

    def validate(self) -> None:
        content = json.loads(self.body)["content"]
        match = re.match(r"---\n(.*?)\n---\n", content, re.S)
        warnings = [] if match else [{"message": "empty or missing yaml metadata"}]
        try:
            yaml.safe_load(match[1] if match else "")
        except yaml.YAMLError as error:
            self.answer({"errors": [{"message": str(error)}], "warnings": []}, 400)
        else:
            self.answer({"errors": [], "warnings": warnings})

    def preupload(self, kind: str, name: str, revision: str) -> None:
        repo = self.repo(kind, name)
        if not repo:
            return
        there = repo.commits.get(repo.resolve(revision) or "", {})
        self.answer(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["size"] >= LARGE else "regular",
                        "shouldIgnore": False,
                        "oid": etag(there[file["path"]]) if file["path"] in there else None,
                    }
                    for file in json.loads(self.body)["files"]
                ]
            }
        )

    def batch(self) -> None:
        objects = []
        for wish in json.loads(self.body)["objects"]:
            about = {"oid": wish["oid"], "size": wish["size"]}
            if wish["oid"] not in self.hub.large:
                upload = {"href": f"{self.hub.url}/large/{wish['oid']}"}
                about["actions"] = {
                    "upload": upload,
                    "verify": {"href": f"{self.hub.url}/large/verify"},
                }
            objects.append(about)
        self.answer({"transfer": "basic", "objects": objects})

    def put_large(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self.refuse(400, "BadHash")
            return
        self.hub.large[oid] = self.body
        self.send(b"")

    def verify_large(self) -> None:
        wish = json.loads(self.body)
        whole = len(self.hub.large.get(wish["oid"], b"")) == wish["size"]
        self.answer({}, 200 if whole else 404)

    def commit(self, kind: str, name: str, revision: str) -> None:
        repo = self.repo(kind, name)
        if not repo:
            return
        files = dict(repo.commits.get(repo.resolve(revision) or "", {}))
        for line in self.body.splitlines():
            step = json.loads(line)
            value = step["value"]
            if step["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif step["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
            elif step["key"] == "deletedFile":
                del files[value["path"]]
        oid = repo.commit(files, revision)
        self.answer({"commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "commitOid": oid})

    def tag(self, kind: str, name: str, revision: str) -> None:
        repo = self.repo(kind, name)
        if repo:
            tag, oid = json.loads(self.body)["tag"], repo.resolve(revision)
            if tag in repo.refs or oid is None:
                self.refuse(409 if oid else 404, "" if oid else "RevisionNotFound")
                return
            repo.refs[tag] = oid
            self.answer({})

    def refs(self, kind: str, name: str) -> None:
        repo = self.repo(kind, name)
        if repo:
            refs = [{"name": n, "ref": n, "targetCommit": oid} for n, oid in repo.refs.items()]
            branches = [ref for ref in refs if ref["name"] == "main"]
            tags = [ref for ref in refs if ref["name"] != "main"]
            self.answer({"branches": branches, "tags": tags, "converts": []})

    def info(self, kind: str, name: str, revision: str | None) -> None:
        found = self.find(kind, name, revision)
        if found:
            oid, files = found
            siblings = [entry(path, data) for path, data in files.items()]
            about = {"id": name, "sha": oid, "siblings": siblings, "private": False, "tags": []}
            self.answer({**about, "downloads": 0, "likes": 0})

    def tree(self, kind: str, name: str, revision: str) -> None:
        found = self.find(kind, name, revision)
        if found:
            self.answer([entry(path, data) for path, data in found[1].items()])

    def find(
        self, kind: str | None, name: str, revision: str | None
    ) -> tuple[str, dict[str, bytes]] | None:
        repo = self.repo(kind, name)
        oid = repo and repo.resolve(revision or "main")
        if repo and not oid:
            self.refuse(404, "RevisionNotFound")
        return (oid, repo.commits[oid]) if repo and oid else None

    def resolve(self, kind: str | None, name: str, revision: str, path: str) -> None:
        found = self.find(kind, name, revision)
        if not found:
            return
        oid, files = found
        if path not in files:
            self.refuse(404, "EntryNotFound")
            return
        data = files[path]
        headers = {"ETag": f'"{etag(data)}"', "X-Repo-Commit": oid, "Accept-Ranges": "bytes"}
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(match[1]) if match else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.send_file(data, start, headers)
