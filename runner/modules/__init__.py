"""The modules, one file each: arguments in, POSIX sh out, and what its answer means. The README says how to add one."""
