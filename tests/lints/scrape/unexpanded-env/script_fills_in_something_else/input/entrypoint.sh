#!/bin/sh
sed -i "s|API_TARGET|$API|" /etc/prometheus/prometheus.yml
exec prometheus "$@"
