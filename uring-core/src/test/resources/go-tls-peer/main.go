// A peer for TlsGoKernelTest: Go's own TLS, which takes what breaks a rule of the RFCs for an error.
//
//	client: connects -count times, sends random sizes, compares the echo, ends its side and wants the server's end
//	server: prints its port, echoes every connection, and says of each how it ended
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"strings"
	"time"
)

var (
	address  = flag.String("address", "127.0.0.1:0", "where to connect to, or to listen")
	ca       = flag.String("ca", "", "PEM file of the authority")
	name     = flag.String("name", "localhost", "the name that the server's certificate must have")
	version  = flag.String("version", "1.3", "the only version spoken")
	curve    = flag.String("curve", "", "the only curve: X25519, P256, P384, P521; all by default")
	protocol = flag.String("alpn", "", "the application protocol that must be agreed on")
	cert     = flag.String("cert", "", "PEM file of the own certificate")
	key      = flag.String("key", "", "PEM file of its key")
	count    = flag.Int("count", 1, "connections of the client, which share their sessions")
	seed     = flag.Int64("seed", 1, "of sizes and contents")
)

func main() {
	mode := os.Args[1]
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	if mode == "client" {
		client(config())
	} else {
		server(config())
	}
}

func config() *tls.Config {
	versions := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	curves := map[string][]tls.CurveID{
		"":       nil,
		"X25519": {tls.X25519},
		"P256":   {tls.CurveP256},
		"P384":   {tls.CurveP384},
		"P521":   {tls.CurveP521},
	}
	pem, err := os.ReadFile(*ca)
	check(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		fail(errors.New("no certificate in " + *ca))
	}
	made := &tls.Config{
		MinVersion:         versions[*version],
		MaxVersion:         versions[*version],
		CurvePreferences:   curves[*curve],
		RootCAs:            pool,
		ClientCAs:          pool,
		ServerName:         *name,
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	if *protocol != "" {
		made.NextProtos = []string{*protocol}
	}
	if *cert != "" {
		own, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		made.Certificates = []tls.Certificate{own}
	}
	return made
}

func client(config *tls.Config) {
	random := rand.New(rand.NewSource(*seed))
	for i := 0; i < *count; i++ {
		conn, err := tls.Dial("tcp", *address, config)
		check(err)
		check(conn.SetDeadline(time.Now().Add(20 * time.Second)))
		for _, size := range []int{1, 2, 1 + random.Intn(20000), 1 << 14, 1<<14 + 1, 1 + random.Intn(300000)} {
			exchange(conn, random, size)
		}
		check(conn.CloseWrite())
		// Go says io.ErrUnexpectedEOF when the FIN comes without a close_notify.
		rest, err := io.ReadAll(conn)
		check(err)
		if len(rest) > 0 {
			fail(fmt.Errorf("%d bytes too many", len(rest)))
		}
		state := conn.ConnectionState()
		if state.NegotiatedProtocol != *protocol {
			fail(fmt.Errorf("agreed on %q instead of %q", state.NegotiatedProtocol, *protocol))
		}
		fmt.Printf("ok resumed=%v\n", state.DidResume)
		conn.Close()
	}
}

func exchange(conn *tls.Conn, random *rand.Rand, size int) {
	sent := make([]byte, size)
	random.Read(sent)
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		written <- err
	}()
	received := make([]byte, size)
	_, err := io.ReadFull(conn, received)
	check(err)
	check(<-written)
	if !bytes.Equal(sent, received) {
		fail(fmt.Errorf("%d bytes came back changed", size))
	}
}

func server(config *tls.Config) {
	config.ClientAuth = tls.VerifyClientCertIfGiven
	listener, err := net.Listen("tcp", *address)
	check(err)
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		accepted, err := listener.Accept()
		check(err)
		go serve(tls.Server(accepted, config))
	}
}

func serve(conn *tls.Conn) {
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		fmt.Printf("handshake: %v\n", err)
		return
	}
	var peers []string
	for _, each := range conn.ConnectionState().PeerCertificates {
		peers = append(peers, each.Subject.CommonName)
	}
	total, err := io.Copy(conn, conn)
	fmt.Printf("ended err=%v bytes=%d resumed=%v peers=%s\n", err, total, conn.ConnectionState().DidResume, strings.Join(peers, ","))
	conn.CloseWrite()
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Printf("failed: %v\n", err)
	os.Exit(1)
}
