#!/bin/sh
sed "s|WEBHOOK|$WEBHOOK|" /etc/alertmanager/alertmanager.yml > /tmp/alertmanager.yml
exec /bin/alertmanager --config.file=/tmp/alertmanager.yml
