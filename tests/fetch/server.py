"""An https server on loopback with a certificate of its own, and with faults that a test orders for single requests."""
import http.server
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time


def certificate(folder, name="server", host="DNS:localhost,IP:127.0.0.1"):
    """Paths of a certificate, which is its own authority, and of its key."""
    if not shutil.which("openssl"):
        print("found no openssl; expected it, to make a certificate")
        sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)
    cert, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", f"subjectAltName={host}"],
                   check=True, capture_output=True)
    return cert, key


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        orders = server.orders.get(self.path, [])
        order = (orders.pop(0) if len(orders) > 1 else orders[0]) if orders else {}
        body = server.files.get(self.path)
        if "status" in order:
            self.answer(order["status"], order.get("body", b"no"), order.get("headers", {}))
        elif body is None:
            self.answer(404, b"there is none", {})
        else:
            self.give(body, order)

    def answer(self, status, body, headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def give(self, body, order):
        """The file, or the part that is asked for; `cut`: bytes after which the connection ends, `stall` they stop coming."""
        tag = order.get("tag", '"one"')
        ranged, first = self.headers.get("Range"), 0
        if ranged and self.server.ranges and self.headers.get("If-Range") in (None, tag):
            first = int(ranged[len("bytes="):-1])
        if first and first >= len(body):
            return self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first + order.get('shift', 0)}-{len(body) - 1}/{len(body)}")
        if tag:
            self.send_header("ETag", tag)
        if order.get("length", True):
            self.send_header("Content-Length", str(len(body) - first))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        end = order.get("cut", order.get("stall", len(body)))
        sent = body[first:max(first, end)]
        self.wfile.write(sent if order.get("length", True) else b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent), sent))
        self.wfile.flush()
        if "stall" in order:
            self.server.released.wait(order.get("seconds", 20))
        if order.keys() & {"cut", "stall"}:
            self.close_connection = True
        return None


class Server:
    """files: path to bytes. orders: path to a list of orders, one a request, the last for all that follow."""

    def __init__(self, cert, key):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.http.handle_error = lambda *_: None  # clients that hang up are meant
        self.http.files, self.http.orders, self.http.asked = {}, {}, []
        self.http.ranges, self.http.released = True, threading.Event()
        self.files, self.orders, self.asked = self.http.files, self.http.orders, self.http.asked
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path=""):
        return f"https://localhost:{self.port}{path}"

    def close(self):
        self.http.released.set()
        self.http.shutdown()
        self.http.server_close()


def wait_for(what, seconds=10):
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.02)
    return what()
