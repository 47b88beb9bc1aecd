#!/bin/sh
sed "s|API_TARGET|${API_TARGET}|g" /etc/prometheus/prom.yml > /tmp/prom.yml
exec /bin/prometheus --config.file=/tmp/prom.yml
