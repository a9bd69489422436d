"""Roles and temporary keys of an S3 server that has STS, and an issuer of tokens that it trusts.

Requests are signed by curl, so that no code of ours vouches for ours.
"""

import base64
import hashlib
import http.server
import json
import subprocess
import threading
import time
import urllib.parse
import xml.etree.ElementTree

from harness.process import free_port

VERSION = "2012-10-17"


def _policy(**statement):
    return json.dumps({"Version": VERSION, "Statement": [{"Effect": "Allow", **statement}]})


class Sts:
    """What an S3Account may ask of IAM and STS."""

    def __init__(self, account):
        self.account = account

    def add_role(self, name, bucket, trust, action):
        """A role that may do anything with `bucket`; `trust` may take it on. Returns its ARN."""
        self._call(
            "iam",
            Action="CreateRole",
            RoleName=name,
            Path="/",
            AssumeRolePolicyDocument=_policy(Principal=trust, Action=[f"sts:{action}"]),
        )
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        self._call(
            "iam",
            Action="PutRolePolicy",
            RoleName=name,
            PolicyName="bucket",
            PolicyDocument=_policy(Action=["s3:*"], Resource=resources),
        )
        return f"arn:aws:iam:::role/{name}"

    def trust(self, issuer):
        """Makes tokens of `issuer` good for roles. Returns who it is to a role's trust."""
        answer = self._call(
            "iam",
            Action="CreateOpenIDConnectProvider",
            Url=issuer.url,
            **{"ThumbprintList.member.1": issuer.thumbprint, "ClientIDList.member.1": "nats3"},
        )
        return {"Federated": [answer.findtext(".//OpenIDConnectProviderArn")]}

    def assume_role(self, arn):
        """New keys, for the shortest time there is (15 minutes), as a container is given them."""
        answer = self._call(
            "sts",
            Action="AssumeRole",
            Version="2011-06-15",
            RoleArn=arn,
            RoleSessionName="test",
            DurationSeconds="900",
        )
        keys = answer.find(".//Credentials")
        return {
            "AccessKeyId": keys.findtext("AccessKeyId"),
            "SecretAccessKey": keys.findtext("SecretAccessKey"),
            "Token": keys.findtext("SessionToken"),
            "Expiration": keys.findtext("Expiration"),
        }

    def _call(self, service, **form):
        body = urllib.parse.urlencode(form, quote_via=urllib.parse.quote)
        login = f"{self.account.access}:{self.account.secret}"
        command = ["curl", "-sS", "--fail-with-body", "--max-time", "30", "-u", login]
        command += ["--aws-sigv4", f"aws:amz:us-east-1:{service}", "-d", body]
        done = subprocess.run([*command, self.account.endpoint], capture_output=True, text=True)
        assert done.returncode == 0, f"{form['Action']}: {done.stderr} {done.stdout}"
        return xml.etree.ElementTree.fromstring(done.stdout)


class LocalServer:
    """Answers GETs on 127.0.0.1 with what `answer(path, headers)` gives: a status and JSON."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, document = answer(self.path, self.headers)
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class OidcIssuer:
    """Signs tokens as a Kubernetes cluster does for its pods, and publishes its key."""

    def __init__(self, folder):
        self.folder = folder
        make = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out issuer.pem -days 2"
        self._openssl(*make.split(), "-subj", "/CN=issuer")
        self.certificate = self._openssl(*"x509 -in issuer.pem -outform der".split())
        self.server = LocalServer(self._answer)

    @property
    def url(self):
        return self.server.url

    @property
    def thumbprint(self):
        return hashlib.sha1(self.certificate).hexdigest().upper()

    def token(self, seconds=600):
        now = int(time.time())
        claims = {"iss": self.url, "aud": "nats3", "sub": "pod", "azp": "nats3"}
        claims |= {"iat": now - 5, "nbf": now - 5, "exp": now + seconds}
        parts = ({"alg": "RS256", "typ": "JWT", "kid": "key"}, claims)
        text = ".".join(self._encode(json.dumps(part).encode()) for part in parts)
        signature = self._openssl(*"dgst -sha256 -sign key.pem".split(), input=text.encode())
        return f"{text}.{self._encode(signature)}"

    def close(self):
        self.server.close()

    def _answer(self, path, _):
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        key = {"kid": "key", "kty": "RSA", "alg": "RS256", "use": "sig"}
        return 200, {"keys": [{**key, "x5c": [base64.b64encode(self.certificate).decode()]}]}

    @staticmethod
    def _encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def _openssl(self, *arguments, input=None):
        command = ["openssl", *arguments]
        done = subprocess.run(command, cwd=self.folder, input=input, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
