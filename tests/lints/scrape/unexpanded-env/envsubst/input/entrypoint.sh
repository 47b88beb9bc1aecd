#!/bin/sh
envsubst < /in.yml > /etc/prometheus/prometheus.yml
