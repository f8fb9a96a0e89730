#!/bin/sh
set -eu

case $1 in
    break) echo "$LAB_ACCOUNT ALL=(ALL) ALL" >"/etc/sudoers.d/$LAB_ACCOUNT" ;;
    mend) echo "$LAB_ACCOUNT ALL=(ALL) NOPASSWD: ALL" >"/etc/sudoers.d/$LAB_ACCOUNT" ;;
esac
