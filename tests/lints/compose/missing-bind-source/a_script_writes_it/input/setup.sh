#!/bin/sh
echo "[]" > targets.json
