"""Sh text that brings a git repository to a version: what there is, what the remote has, and the way between them.

What is done, and in which order, is what Ansible's git does (see its page); only that nothing is fetched when the
remote's version is checked out already.
"""

from __future__ import annotations

from typing import Final

# `repo`, `dest`, `remote`, `version`, `git` and `bare` are set. One question to the remote tells all that is needed.
LOOK: Final = r"""
pb_have "$git" || pb_fail "there is no $git on this host; install git"
case $dest in '' | /*) ;; *) dest=${PWD%/}/$dest ;; esac
export GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0 GIT_SSH_COMMAND="${GIT_SSH:-${GIT_SSH_COMMAND:-ssh}} $ssh"
log="$pb_dir/s.git.$pb_index"
tell() { pb_blob said "$log.err"; }
g() { "$git" -C "$dest" "$@"; }
must() { what=$1; shift; "$@" >"$log.out" 2>"$log.err" || { rc=$?; tell; pb_fail "$what" "$rc"; }; }
folder=$dest/.git
[ -z "$bare" ] || folder=$dest
if [ -f "$folder" ]; then
  read -r word folder <"$dest/.git"
  case $folder in /*) ;; *) folder=$dest/$folder ;; esac
  [ "$word" = gitdir: ] && [ -d "$folder" ] ||
    pb_fail "Current repo does not have a valid reference to a separate Git dir or it refers to the invalid path"
fi
here=
if [ -n "$dest" ] && [ -e "$folder/config" ]; then here=1; fi
is_branch= is_tag= head_sha= branch_sha= tag_sha=
ask() {
  "$git" ls-remote -- "$repo" HEAD "$@" >"$log.refs" 2>"$log.err" ||
    { rc=$?; tell; pb_fail "Failed to ask $repo for its versions" "$rc"; }
  while IFS="$tab" read -r sha ref; do
    case $ref in
    HEAD) head_sha=$sha ;;
    "refs/heads/$branch") branch_sha=$sha ;;
    esac
    case $ref in
    "refs/heads/$version") is_branch=1 ;;
    "refs/tags/$version") is_tag=1; [ -n "$tag_sha" ] || tag_sha=$sha ;;
    "refs/tags/$version^{}") tag_sha=$sha ;;
    esac
  done <"$log.refs"
}
tab=$(printf '\t')
on=
[ -z "$here" ] || on=$(g symbolic-ref --short -q HEAD)
branch_here() {
  branch=$(g symbolic-ref --short -q HEAD)
  if [ -z "$branch" ]; then
    branch=$(g symbolic-ref --short -q "refs/remotes/$remote/HEAD")
    branch=${branch#"$remote"/}
  fi
}
branch=$version
if [ "$version" = HEAD ] && [ -n "$here" ]; then branch_here; fi
wanted() {
  ask "refs/heads/$branch" "refs/tags/$version" "refs/tags/$version^{}"
  if [ "$version" = HEAD ] && [ -z "$here" ]; then wanted=$head_sha
  elif [ -n "$branch_sha" ]; then wanted=$branch_sha
  elif [ -n "$is_tag" ]; then wanted=$tag_sha
  elif [ "$version" = HEAD ]; then pb_fail "Could not determine remote revision for HEAD"
  else
    wanted=$version
    [ -z "$here" ] || wanted=$(g rev-parse -q --verify "$version^{commit}" 2>/dev/null) || wanted=$version
  fi
}
same_place() {
  [ "$1" = "$2" ] && return
  a=${1#file://} b=${2#file://}
  case $a,$b in /*,/*) ;; *) return 1 ;; esac
  pb_real "$a"; a=$pb_real
  pb_real "$b"
  [ "$a" = "$pb_real" ]
}
"""

# Whether something is to do. `mods`: tracked files are changed; `moved`: the remote is elsewhere.
JUDGE: Final = r"""
before= mods= moved= subs= packed=
if [ -z "$here" ]; then
  if [ -n "$dest" ] && [ -e "$dest" ] && [ -z "$vanishes" ] && [ -n "$(ls -A "$dest" 2>/dev/null)" ]; then
    pb_fail "destination path '$dest' already exists and is not an empty directory."
  fi
  wanted
  pb_kv wanted "$wanted"
  [ -n "$clone" ] || { pb_kv no_clone 1; exit 0; }
  pb_differs
else
  before=$(g rev-parse HEAD 2>"$log.err") || { tell; pb_fail "$dest is a repository without a version"; }
  pb_kv before "$before"
  [ -n "$update" ] || wanted=$before
  if [ -n "$update" ]; then
    if [ -z "$bare" ]; then
      mods=$(g status --porcelain 2>"$log.err" | grep -v '^??')
      [ ! -s "$log.err" ] || { tell; pb_fail "the state of $dest cannot be told"; }
    fi
    if [ -n "$mods" ]; then
      pb_kv mods 1
      [ -n "$force" ] || pb_fail "Local modifications exist in the destination: $dest (force=no)."
    fi
    url=$(g ls-remote --get-url "$remote" 2>/dev/null)
    same_place "$url" "$repo" || { moved=1; pb_kv moved 1; }
    wanted
    if [ -n "$recursive" ] && [ -z "$bare" ] && [ -f "$dest/.gitmodules" ]; then
      case $(g submodule status 2>/dev/null) in [-+U]* | *"$pb_nl"[-+U]*) subs=1; pb_kv subs 1 ;; esac
      [ -z "$track" ] || { pb_kv track 1; pb_differs; }
    fi
    other=
    if [ -z "$bare" ]; then
      case $version in
      HEAD) [ -n "$on" ] || other=1 ;;
      *) if [ -n "$is_branch" ]; then [ "$on" = "$version" ] || other=1; else [ -z "$on" ] || other=1; fi ;;
      esac
    fi
    [ "$before" = "$wanted" ] && [ -z "$mods$moved$subs$other" ] || pb_differs
    if [ -n "$separate" ] && [ "$separate" != "$folder" ]; then
      [ ! -e "$separate" ] || pb_fail "Separate-git-dir path $separate already exists."
      pb_kv git_dir_before "$folder"; pb_kv git_dir_now "$separate"; pb_differs
    fi
  fi
  pb_kv wanted "$wanted"
fi
pack() {
  (cd "$dest" && "$git" archive --format "$form" --output "$log.pack" ${prefix:+--prefix "$prefix"} "$version") \
    2>"$log.err" || { tell; pb_fail "Failed to perform archive operation"; }
  cmp -s "$log.pack" "$archive"
}
if [ -n "$archive" ] && [ -z "$pb_diff" ]; then pack || { packed=1; pb_kv packed 1; pb_differs; }; fi
"""

CLONE: Final = r"""
make() {
  pb_parent "$dest"
  mkdir -p -- "$pb_where" || pb_fail "cannot make $pb_where"
  set -- clone
  if [ -n "$bare" ]; then set -- "$@" --bare; else set -- "$@" --origin "$remote"; fi
  named=
  [ -z "$is_branch$is_tag" ] || named=1
  if [ -n "$depth" ]; then
    if [ "$version" = HEAD ] || [ -n "$refspec" ]; then set -- "$@" --depth "$depth"
    elif [ -n "$named" ]; then set -- "$@" --depth "$depth" --branch "$version"; fi
  fi
  [ -z "$reference" ] || set -- "$@" --reference "$reference"
  if [ -n "$single" ]; then
    set -- "$@" --single-branch
    [ -z "$named" ] || set -- "$@" --branch "$version"
  fi
  [ -z "$separate" ] || set -- "$@" "--separate-git-dir=$separate"
  must "Failed to clone $repo" "$git" "$@" -- "$repo" "$dest"
  if [ -n "$bare" ] && [ "$remote" != origin ]; then must "Failed to add a remote" g remote add "$remote" "$repo"; fi
  [ -z "$refspec" ] || must "Failed to fetch $refspec" g fetch ${depth:+--depth "$depth"} "$remote" "$refspec"
}
"""

UPDATE: Final = r"""
renew() {
  [ -z "$mods" ] || must "Failed to reset $dest" g reset --hard HEAD
  if [ -n "$separate" ] && [ "$separate" != "$folder" ]; then
    mv -- "$folder" "$separate" && printf 'gitdir: %s' "$separate" >"$dest/.git" || pb_fail "Unable to move git dir."
  fi
  [ -z "$moved" ] || must "Failed to set a new url $repo for $remote" g remote set-url "$remote" "$repo"
  set --
  if [ -n "$depth" ]; then
    if [ -n "$refspec" ]; then set -- "$refspec"
    elif [ "$version" = HEAD ]; then set -- "$branch"
    elif [ -n "$is_branch" ]; then
      set -- "+refs/heads/$version:refs/remotes/$remote/$version"
      [ "$on" = "$version" ] || set -- "+refs/heads/$version:refs/heads/$version" "$@"
    elif [ -n "$is_tag" ]; then set -- "+refs/tags/$version:refs/tags/$version"; fi
  fi
  if [ $# -gt 0 ]; then set -- --depth "$depth" ${force:+--force} "$remote" "$@"
  elif [ -n "$bare" ]; then
    set -- ${force:+--force} "$remote" '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*' ${refspec:+"$refspec"}
  else set -- --tags ${force:+--force} "$remote" ${refspec:+"$refspec"}; fi
  must "Failed to download remote objects and refs" g fetch "$@"
}
"""

SWITCH: Final = r"""
switch() {
  if [ "$version" = HEAD ]; then
    branch_here
    must "Failed to checkout branch $branch" g checkout --force "$branch"
    must "Failed to checkout branch $branch" g reset --hard "$remote/$branch" --
  elif [ -n "$is_branch" ]; then
    if ! g show-ref -q --verify "refs/heads/$version"; then
      [ -z "$depth" ] || must "Failed to fetch branch from remote: $version" g fetch "--depth=$depth" "$remote" \
        "+refs/heads/$version:refs/heads/$version" "+refs/heads/$version:refs/remotes/$remote/$version"
    fi
    if g show-ref -q --verify "refs/heads/$version"; then
      must "Failed to checkout branch $version" g checkout --force "$version"
      must "Failed to checkout $version" g reset --hard "$remote/$version"
    else must "Failed to checkout $version" g checkout --track -b "$version" "$remote/$version"; fi
  else must "Failed to checkout $version" g checkout --force "$version"; fi
}
verify() {
  kind=verify-commit
  [ "$(g cat-file -t "refs/tags/$version" 2>/dev/null)" != tag ] || kind=verify-tag
  must "Failed to verify GPG signature of commit/tag \"$version\"" g "$kind" ${trusted:+--raw} "$version"
  [ -n "$trusted" ] || return 0
  print=$(awk '$2 == "VALIDSIG" { print (NF >= 12) ? $12 : $3; exit }' "$log.err")
  case " $trusted " in *" $print "*) ;; *)
    pb_fail "The gpg_allowlist does not include the public key \"$print\" for this commit" ;; esac
}
submodules() {
  [ -f "$dest/.gitmodules" ] || return 0
  stale=
  case $(g submodule status) in [-+U]* | *"$pb_nl"[-+U]*) stale=1 ;; esac
  was=$(g submodule status 2>/dev/null)
  [ -n "$stale$track" ] || return 0
  must "Failed to sync submodules" g submodule sync
  must "Failed to init/update submodules" g submodule update --init --recursive ${track:+--remote} ${force:+--force}
  [ "$(g submodule status)" = "$was" ] || pb_kv subs_updated 1
}
"""

APPLY: Final = r"""
if [ -n "$update" ] || [ -z "$here" ]; then
  if [ -z "$here" ]; then make; else renew; fi
  if [ -z "$bare" ]; then
    switch
    [ -z "$checks" ] || verify
    [ -z "$recursive" ] || submodules
  fi
fi
pb_kv after "$(g rev-parse HEAD)"
if [ -n "$archive" ] && ! pack; then
  pb_kv packed 1
  mv -f -- "$log.pack" "$archive" || pb_fail "cannot write $archive"
fi
"""
