"""Makes calls with boto3: reads [service, action, arguments] triples as JSON, prints the answers."""

import json
import sys

import boto3

clients = {}


def bytes_in(arguments):
    """JSON has no bytes: {"bytes": TEXT} stands for them."""
    if isinstance(arguments, dict):
        if set(arguments) == {"bytes"}:
            return arguments["bytes"].encode()
        return {name: bytes_in(value) for name, value in arguments.items()}
    return arguments


answers = []
for service, action, arguments in json.load(sys.stdin):
    if service not in clients:
        clients[service] = boto3.client(service)
    answer = getattr(clients[service], action)(**bytes_in(arguments))
    answer.pop("ResponseMetadata", None)
    answers.append(answer)
json.dump(answers, sys.stdout, default=str)
