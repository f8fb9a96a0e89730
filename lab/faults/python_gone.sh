#!/bin/sh
set -eu
python=/usr/bin/python3.11

case $1 in
    break) [ ! -e $python ] || mv $python $python.gone ;;
    mend) [ ! -e $python.gone ] || mv $python.gone $python ;;
esac
