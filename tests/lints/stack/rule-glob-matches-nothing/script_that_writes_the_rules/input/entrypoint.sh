#!/bin/sh
sed "s|API_TARGET|${API_TARGET}|g" /etc/prometheus/prom.yml > /tmp/prom.yml
wget -O /etc/prometheus/records.yml "$RECORDS"
exec /bin/prometheus --config.file=/tmp/prom.yml
