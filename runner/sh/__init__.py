"""POSIX sh as text: quoting, the prelude every session begins with, fragments joined to trips, and their answers read.

A fragment runs in a subshell of its own, with stdin from /dev/null and stdout and stderr in private files, in the
login user's home folder. It may use plain POSIX sh, the tools that POSIX or busybox have, and these functions:

    pb_kv KEY VALUE          report a value (any bytes but NUL)
    pb_blob KEY FILE         report a file's bytes as a value
    pb_differs               the probe's verdict: apply must run (without it: the same, nothing to do)
    pb_fail MESSAGE [RC]     report `msg` and end this step with RC (default 1)
    pb_skip MESSAGE          report `skip_msg` and end this step with rc 0, nothing changed
    pb_stat PATH             set pb_type (file dir link fifo sock char block absent), pb_mode (octal, no leading 0),
                             pb_uid pb_gid pb_user pb_group pb_size pb_mtime pb_link (target of a link); the link itself
                             is looked at, not what it points to
    pb_statl PATH            the same for what a link points to
    pb_sum PATH [ALGO]       set pb_sum to the file's checksum (sha1 by default; md5 sha256 …), "" if no tool can
    pb_temp PATH             set pb_temp to a new, empty, private (0600) file beside PATH; removed if the step fails
    pb_place TEMP PATH       rename TEMP onto PATH (`mv -f`), after pb_temp and the mode and owner were set
    pb_attr_probe PATH MODE_SH OWNER GROUP
                             after pb_stat: pb_differs when mode or owner differ. OWNER and GROUP "" = keep
    pb_attr_apply PATH OWNER GROUP    after pb_want_mode was computed: chown and chmod PATH, never through a link
    pb_have TOOL             whether the tool exists (cached for the session)
    pb_user_run COMMAND ARG… run what the user wrote: closed to the session's own descriptors, never a builtin

Variables: `$pb_up_NAME` (uploaded temporary file), `$pb_check` ("1" in a dry run), `$pb_dir` (the session's 0700
folder). Names that begin with `pb_` belong to the prelude. Everything a step reports travels to the controller at
once, behind a token of 128 random bits that is never in an argument, an environment or a file, so that no output can
forge an answer; output of the step follows when it ends, read from its private files, so a child it left in the
background can neither hang it nor write into the next one's answer.
"""
