#!/bin/sh
sed -i 's|${SMTP_PASSWORD}|x|' /etc/alertmanager/alertmanager.yml
