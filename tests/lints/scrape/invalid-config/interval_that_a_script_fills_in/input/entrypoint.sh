#!/bin/sh
sed -i "s|SCRAPE_INTERVAL|$SCRAPE_INTERVAL|" /etc/prometheus/prometheus.yml
exec /bin/prometheus
