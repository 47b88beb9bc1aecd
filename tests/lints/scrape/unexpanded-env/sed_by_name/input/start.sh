#!/bin/sh
sed -i 's|${API_HOST}|api|' /etc/prometheus/prometheus.yml
