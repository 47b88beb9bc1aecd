#!/bin/sh
envsubst < a > b
