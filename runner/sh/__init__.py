"""POSIX sh as text: quoting, the prelude every session begins with, fragments joined to trips, and their answers read.

`quote.quote` and `quote.path` make words; `encode.printf_word` small contents; `modes.text` a mode's prediction;
`prelude.session_script` is what a shell is sent first, `fuse.trip_text` what it is sent then; `frames.Frames` and
`replies.Replies` read what it answers.

A fragment runs in a subshell of its own, with stdin from /dev/null and stdout and stderr in private files, in the
folder the session began in (the login user's home). Its `probe` runs first, then its `apply` if the probe called
`pb_differs` (always call it in the probe of what has nothing to compare). Values it prints belong to the user; what it
wants to say to its module goes through the functions. It may use plain POSIX sh, the tools that POSIX or busybox
have, and these functions; a path is given to them as `quote.path` makes it:

    pb_kv KEY VALUE          report a value (any bytes but NUL); KEY has no blanks
    pb_blob KEY FILE         report a file's bytes as a value
    pb_differs               the probe's verdict: apply must run (without it: the same, nothing to do)
    pb_fail MESSAGE [RC]     report `msg` and end this step with RC (default 1)
    pb_skip MESSAGE          report `skip_msg` and end this step with rc 0, nothing changed
    pb_stat PATH             set pb_type (file dir link fifo sock char block absent), pb_mode (octal, no leading 0),
                             pb_uid pb_gid pb_user pb_group pb_size pb_mtime pb_inode pb_nlink pb_isdir (0 1) and
                             pb_link (target of a link); the link itself is looked at, not what it points to
    pb_statl PATH            the same for what a link points to (a broken link is absent)
    pb_sum PATH [ALGO]       set pb_sum to the file's checksum (sha1 by default; md5 sha256 …), "" if no tool can
    pb_temp PATH [SUFFIX]    set pb_temp to a new, empty, private (0600) file beside PATH, open as fd 8: write to `>&8`
                             (not by name: nobody can put a link in its place); removed if the step fails
    pb_place TEMP PATH [unsafe]
                             rename TEMP onto PATH, after pb_temp and pb_attr_apply; fails the step with a message.
                             `unsafe`: if that is impossible, write it in place and set pb_in_place to 1
    pb_attr_probe PATH OWNER GROUP
                             after pb_stat and `modes.text(mode)` (which sets pb_want_mode, "" = keep): pb_differs when
                             mode or owner differ; fails when a name is unknown. OWNER and GROUP "" = keep
    pb_attr_apply PATH OWNER GROUP
                             chown, then chmod to pb_want_mode, never through a link; fails the step with a message
    pb_report KEY            after pb_stat: report what it found; `attributes.Seen.read` reads it
    pb_parent PATH           set pb_where to the folder a path is in
    pb_above PATH            the nearest folder above PATH that exists must be one we can write to; fails the step
    pb_real PATH             set pb_real to the path without links (`readlink -f`)
    pb_keep_owner PATH       give the open temporary the owner of PATH (after pb_stat), if that is allowed
    pb_swap_link SOURCE PATH [-s]
                             make a hard (or with -s symbolic) link beside PATH and rename it onto PATH
    pb_backup PATH           keep PATH's file under Ansible's backup name beside it; report it as `backup_file`
    pb_make_folders PATH MODE OWNER GROUP
                             make a folder and the missing ones above it, each with MODE, OWNER and GROUP ("" = default)
    pb_octal NUMBER          set pb_octal to the number's four octal digits, without a fork
    pb_have TOOL             whether the tool exists (no fork)
    pb_user_run COMMAND ARG… run what the user wrote in place of the subshell (it never returns): closed to the
                             session's own descriptors, with the login's locale, never a builtin
    pb_user_own              make this subshell the user's own, for words that it may run itself: no token, no fd 9

Variables: `$pb_up_NAME` (uploaded temporary file), `$pb_check` ("1" in a dry run), `$pb_dir` (the session's 0700
folder), `$pb_umask` (the login's), `$pb_nl` (a newline), `$pb_index` (the step's number). Names that begin with `pb_`
belong to the prelude. A process that is to outlive its step (a daemon) is started with `9>&-`.

Everything a step reports travels to the controller at once, behind a token of 128 random bits that is never in an
argument, an environment or a file, so that no output can forge an answer; output of the step follows when it ends,
read from its private files, so a child it left in the background can neither hang it nor write into the next one's
answer. Tools speak English (LC_ALL=C) except under pb_user_run.
"""
