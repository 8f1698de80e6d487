"""A request over HTTP that a host makes with its curl or wget: as sh text, without a secret in any argument.

curl reads its settings from stdin (https://curl.se/docs/manpage.html#-K), GNU wget from a private file
(https://www.gnu.org/software/wget/manual/wget.html#Wgetrc-Syntax) and the address from stdin. busybox wget knows
neither: it is only asked for what holds no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh.encode import printf_word
from runner.sh.filled import filled
from runner.sh.quote import path as path_word
from runner.sh.quote import quote

# https://docs.ansible.com/ansible/latest/collections/ansible/builtin/uri_module.html (what get_url has as well)
WEB_OPTIONS: Final[Mapping[str, Option]] = {
    "force": Option("bool", default=False, doc="Ask anew, whatever a cache or the file that is there says."),
    "http_agent": Option(default="ansible-httpget", doc="The User-Agent."),
    "use_proxy": Option("bool", default=True, doc="Use the proxy that the environment names."),
    "validate_certs": Option("bool", default=True, doc="Check the server's certificate."),
    "force_basic_auth": Option("bool", default=False, doc="Send user and password before being asked for them."),
    "client_cert": Option("path", doc="The certificate to show (on the host)."),
    "client_key": Option("path", doc="Its key."),
    "use_gssapi": Option("bool", default=False, doc="Kerberos."),
    "unredirected_headers": Option("list", elements="str", default=[], doc="Headers not to send when redirected."),
    "decompress": Option("bool", default=True, doc="Unpack what comes with gzip."),
    "ciphers": Option("list", elements="str", doc="TLS ciphers."),
    "use_netrc": Option("bool", default=True, doc="Look for user and password in ~/.netrc."),
}

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SECRET_HEADER: Final = re.compile("auth|cookie|token|key|secret|password", re.IGNORECASE)
_CREDENTIALS: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/@]*@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `headers` in order; `redirects`: whether to follow; `body`: a shell word for the file with the body;
    `number` tells requests of one step apart. `timeout_s`: how long nothing may happen."""

    url: str
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    body: str | None = None
    user: str | None = None
    password: str | None = None
    timeout_s: int = 10
    redirects: bool = True
    number: int = 0
    ca_path: str | None = None
    unix_socket: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def request(args: Mapping[str, Any], url: str, **more: Any) -> Request:
    """A request with the options of `WEB_OPTIONS`. Raises StepError for what no request can hold."""
    headers = [(str(name), str(value)) for name, value in (args["headers"] or {}).items()]
    if args["force"]:
        headers.append(("cache-control", "no-cache"))
    for text in (url, args["http_agent"], *(part for header in headers for part in header)):
        if _CONTROL.search(text):
            raise StepError(f"a request cannot hold control characters: {text!r}")
    if any(":" in name for name, _ in headers):
        raise StepError("the name of a header cannot hold a colon")
    made = Request(
        url=url,
        headers=headers,
        user=args["url_username"],
        password=args["url_password"],
        timeout_s=args["timeout"],
        ca_path=args.get("ca_path"),
        unix_socket=args.get("unix_socket"),
        options=args,
        **more,
    )
    named = {name.lower() for name in args["unredirected_headers"]}
    if made.redirects and named & {name.lower() for name, _ in headers}:
        raise StepError("unredirected_headers needs follow_redirects: none: curl and wget send a header everywhere")
    return made


def _quoted(value: str) -> str:
    """A value in curl's file of settings."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _curl(wish: Request) -> str:
    given, lines = wish.options, ["silent", "show-error", "globoff", f"url = {_quoted(wish.url)}", 'cookie = ""']
    lines += [f"connect-timeout = {wish.timeout_s}", "speed-limit = 1", f"speed-time = {max(wish.timeout_s, 1)}"]
    lines.append(f"user-agent = {_quoted(given['http_agent'])}")
    if wish.method == "HEAD":
        lines.append("head")
    elif wish.method != ("GET" if wish.body is None else "POST"):
        lines.append(f"request = {_quoted(wish.method)}")
    if wish.redirects:
        lines += ["location", "max-redirs = 10", 'proto-redir = "=http,https,ftp"']
    for name, value in (("Expect", ""), *wish.headers):
        lines.append(f"header = {_quoted(f'{name}: {value}' if value or name == 'Expect' else f'{name};')}")
    if wish.user is not None or given["use_gssapi"]:
        lines.append(f"user = {_quoted(':'.join((wish.user or '', wish.password or '')))}")
        lines.append("negotiate" if given["use_gssapi"] else "basic" if given["force_basic_auth"] else "anyauth")
    elif given["use_netrc"]:
        lines.append("netrc-optional")
    if not given["validate_certs"]:
        lines.append("insecure")
    if not given["use_proxy"]:
        lines.append('noproxy = "*"')
    if given["ciphers"]:
        lines.append(f"ciphers = {_quoted(':'.join(given['ciphers']))}")
    return "".join(f"{line}\n" for line in lines)


def _curl_words(wish: Request) -> str:
    words = []
    files = (("--cacert", wish.ca_path), ("--unix-socket", wish.unix_socket))
    for flag, given in (*files, ("--cert", wish.options["client_cert"]), ("--key", wish.options["client_key"])):
        if given:
            words.append(f"{flag} {path_word(given)}")
    if wish.body is not None:
        words.append(f"--data-binary @{wish.body}")
    return " ".join(words)


def _wget(wish: Request) -> str:
    given = wish.options
    lines = ["tries = 1", "http_keep_alive = off", f"timeout = {wish.timeout_s}", f"user_agent = {given['http_agent']}"]
    lines.append(f"max_redirect = {10 if wish.redirects else 0}")
    lines += [f"header = {name}: {value}" for name, value in wish.headers]
    if wish.user is not None:
        lines += [f"user = {wish.user}", f"password = {wish.password or ''}"]
        lines += ["auth_no_challenge = on"] if given["force_basic_auth"] else []
    elif not given["use_netrc"]:
        lines.append("netrc = off")
    if not given["validate_certs"]:
        lines.append("check_certificate = off")
    if not given["use_proxy"]:
        lines.append("use_proxy = off")
    if given["ciphers"]:
        lines.append(f"ciphers = {':'.join(given['ciphers'])}")
    return "".join(f"{line}\n" for line in lines)


def _wget_words(wish: Request) -> str:
    words = [] if wish.method == "GET" and wish.body is None else [f"--method={quote(wish.method)}"]
    given = wish.options
    files = (("--ca-certificate", wish.ca_path), ("--certificate", given["client_cert"]))
    for flag, file in (*files, ("--private-key", given["client_key"])):
        if file:
            words.append(f"{flag}={path_word(file)}")
    if wish.body is not None:
        words.append(f"--body-file={wish.body}")
    return " ".join(words)


def _only_curl(wish: Request) -> Iterator[str]:
    """What GNU wget cannot do."""
    if wish.unix_socket:
        yield "unix_socket"
    if wish.options["use_gssapi"]:
        yield "use_gssapi"
    if _CONTROL.search(f"{wish.user or ''}{wish.password or ''}"):
        yield "a password with control characters"


def _not_busybox(wish: Request) -> Iterator[str]:
    """What busybox wget cannot do, or not without showing a secret to every user of the host."""
    yield from _only_curl(wish)
    if wish.user is not None or _CREDENTIALS.match(wish.url):
        yield "url_username without showing the password in its arguments"
    yield from (
        f"the header {n} without showing it in its arguments" for n, _ in wish.headers if _SECRET_HEADER.search(n)
    )
    if wish.method not in ("GET", "POST", "HEAD") or (wish.method == "POST") != (wish.body is not None):
        yield f"method: {wish.method}"
    if wish.options.get("follow_redirects") in ("no", "none"):
        yield "follow_redirects: none"
    yield from (name for name in ("client_cert", "ciphers") if wish.options[name])
    if wish.ca_path:
        yield "ca_path"


def _busybox_words(wish: Request) -> str:
    words = [f"-U {quote(wish.options['http_agent'])}"]
    words += [f"--header {quote(f'{name}: {value}')}" for name, value in wish.headers]
    if wish.method == "HEAD":
        words.append("--spider")
    if wish.body is not None:
        words.append(f"--post-file {wish.body}")
    if not wish.options["validate_certs"]:
        words.append("--no-check-certificate")
    if not wish.options["use_proxy"]:
        words.append("-Y off")
    return " ".join(words)


def _refusal(tool: str, reasons: Sequence[str]) -> str:
    """Sh text that fails when there is something the tool cannot do."""
    return f"pb_fail {quote(f'{tool} cannot do {reasons[0]}; install curl on this host')}" if reasons else ":"


# `web_when`: a date for If-Modified-Since, "" for none. What came, but for the body, is in `$web_log` and `$web_log.e`.
_GET: Final = r"""web_log_@NUMBER@="$pb_dir/s.web.$pb_index.@NUMBER@"
web_@NUMBER@() {
  web_log=$web_log_@NUMBER@
  : >"$web_log"
  if pb_have curl; then
    printf @CURL_FILE@ |
      curl -q -K - -D "$web_log" @CURL_WORDS@ ${web_when:+-H "If-Modified-Since: $web_when"} 2>"$web_log.e"
  elif pb_have wget; then
    web_usage=$(wget --version 2>&1)
    case $web_usage in
    *GNU*)
      @WGET_NOT@
      printf @WGET_FILE@ >"$web_log.c"
      printf @LINE@ | wget --config="$web_log.c" -i - -S -O - -o "$web_log" --content-on-error @WGET_WORDS@ \
        ${web_when:+--header="If-Modified-Since: $web_when"}
      web_rc=$?
      tail -n 1 "$web_log" >"$web_log.e"
      return "$web_rc" ;;
    *)
      @BUSYBOX_NOT@
      @BUSYBOX_BODY@
      case $web_usage in *"-T SEC"*) web_limit="-T @LIMIT@" ;; *) web_limit= ;; esac
      wget -S -O - $web_limit @BUSYBOX_WORDS@ ${web_when:+--header "If-Modified-Since: $web_when"} @URL@ 2>"$web_log"
      web_rc=$?
      grep '^wget:' "$web_log" >"$web_log.e"
      @BUSYBOX_TLS@
      return "$web_rc" ;;
    esac
  else pb_fail 'there is neither curl nor wget on this host; install curl'; fi
}
"""

# Questions to the last response of a log: a header, and the status. wget indents what the server said.
LOOK: Final = r"""
web_header() {
  [ ! -s "$web_log" ] || awk -v n="$1:" '{ sub(/\r$/, ""); match($0, /^ */); at = RLENGTH; sub(/^ +/, "") }
    /^HTTP\// { v = ""; from = at }
    at == from && tolower(substr($0, 1, length(n))) == n { v = substr($0, length(n) + 1); sub(/^[ \t]+/, "", v) }
    END { print v }' "$web_log"
}
web_status() { [ ! -s "$web_log" ] || awk '{ sub(/^ +/, "") } /^HTTP\// { s = $2 } END { print s }' "$web_log"; }
web_tell() { pb_kv "web_rc.$1" "$web_rc"; pb_blob "web_log.$1" "$web_log"; pb_blob "web_said.$1" "$web_log.e"; }
web_when=
"""
# Sets `web_when` to the date of `$pb_since`. GNU and busybox take `@seconds`, BSD a number.
SINCE: Final = r"""web_when=$(date -u -d "@$pb_since" '+%a, %d %b %Y %H:%M:%S GMT' 2>/dev/null ||
  date -u -r "$pb_since" '+%a, %d %b %Y %H:%M:%S GMT' 2>/dev/null)"""
_NO_NUL: Final = (
    '[ "$(tr -d "\\\\000" <BODY | wc -c)" -eq "$(wc -c <BODY)" ] || '
    "pb_fail 'the wget of busybox cannot send NUL bytes; install curl on this host'"
)
_TLS: Final = (
    "if grep -q 'certificate validation not implemented' \"$web_log\"; then\n"
    "pb_fail 'the wget of this host does not check certificates; install curl, or say validate_certs: false'; fi"
)


def text(wish: Request) -> str:
    """Sh text that defines the function `web_NUMBER`, which writes the body of the response to its stdout."""
    unchecked = wish.options["validate_certs"] and wish.url.lower().startswith("https:")
    busybox = list(_not_busybox(wish))
    parts = {
        "NUMBER": str(wish.number),
        "BUSYBOX_BODY": ":" if wish.body is None else _NO_NUL.replace("BODY", wish.body),
        "LIMIT": str(wish.timeout_s),
        "CURL_FILE": printf_word(_curl(wish).encode("utf-8", "surrogateescape")),
        "CURL_WORDS": _curl_words(wish),
        "WGET_NOT": _refusal("wget", list(_only_curl(wish))),
        "WGET_FILE": printf_word(_wget(wish).encode("utf-8", "surrogateescape")),
        "WGET_WORDS": _wget_words(wish),
        "BUSYBOX_NOT": _refusal("the wget of busybox", busybox),
        "BUSYBOX_WORDS": "" if busybox else _busybox_words(wish),
        "BUSYBOX_TLS": _TLS if unchecked else ":",
        "LINE": printf_word(f"{wish.url}\n".encode("utf-8", "surrogateescape")),
        "URL": quote(wish.url) if not busybox else "''",
    }
    return filled(_GET, parts)
