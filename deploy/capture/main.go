// Capture writes the packets of the network namespace that it runs in to standard output: a pcap file in base64, in lines, then one
// line with what it counted. It needs the capability NET_RAW and nothing else: no file, no shell, no library.
//
// Bounds are kept here, whatever the caller forgets: bytes, seconds, bytes of each packet.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unsafe"
)

const (
	// 57 bytes are a line of 76 characters, as MIME has it; the lines that a kubelet writes may be as long as they like.
	lineBytes = 57 * 16
	// LINKTYPE_LINUX_SLL2, https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html: several interfaces in one file.
	linkType    = 276
	sll2Header  = 20
	pcapHeader  = 24
	recordBytes = 16
	// PACKET_STATISTICS of packet(7).
	solPacket        = 263
	packetStatistics = 6
)

type trailer struct {
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	Packets   int64  `json:"packets"`
	Dropped   uint32 `json:"dropped"`
	StartedAt string `json:"started_at"`
	StoppedAt string `json:"stopped_at"`
	Reason    string `json:"reason"`
}

// sink hashes and counts what is written, and writes it as base64 in lines.
type sink struct {
	out   *bufio.Writer
	hash  hash.Hash
	line  []byte
	bytes int64
}

func (s *sink) Write(p []byte) (int, error) {
	s.hash.Write(p)
	s.bytes += int64(len(p))
	s.line = append(s.line, p...)
	for len(s.line) >= lineBytes {
		if err := s.flush(lineBytes); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (s *sink) flush(n int) error {
	_, err := fmt.Fprintln(s.out, base64.StdEncoding.EncodeToString(s.line[:n]))
	s.line = append(s.line[:0], s.line[n:]...)
	return err
}

func main() {
	seconds := flag.Int("seconds", 60, "how long")
	maxBytes := flag.Int64("max-bytes", 6_000_000, "most bytes of the file")
	snaplen := flag.Int("snaplen", 262_144, "bytes kept of each packet")
	var wanted filter
	flag.StringVar(&wanted.protocol, "protocol", "", "tcp, udp or icmp")
	host := flag.String("host", "", "address or network of either end")
	flag.IntVar(&wanted.port, "port", 0, "port of either end")
	flag.Parse()
	if flag.NArg() > 0 {
		fail(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	}
	if err := wanted.parse(*host); err != nil {
		fail(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(*seconds)*time.Second)
	defer cancel()
	out := &sink{out: bufio.NewWriter(os.Stdout), hash: sha256.New()}
	end := trailer{StartedAt: now()}
	err := capture(ctx, out, &end, wanted, *maxBytes, *snaplen)
	switch {
	case err != nil:
		end.Reason = "error: " + err.Error()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		end.Reason = "time"
	case ctx.Err() != nil:
		end.Reason = "signal"
	default:
		end.Reason = "bytes"
	}
	if len(out.line) > 0 {
		_ = out.flush(len(out.line))
	}
	end.StoppedAt, end.Bytes, end.SHA256 = now(), out.bytes, hex.EncodeToString(out.hash.Sum(nil))
	text, _ := json.Marshal(end)
	fmt.Fprintf(out.out, "trailer %s\n", text)
	_ = out.out.Flush()
	if err != nil {
		os.Exit(1)
	}
}

func capture(ctx context.Context, out *sink, end *trailer, wanted filter, maxBytes int64, snaplen int) error {
	// SOCK_DGRAM: the kernel takes the link header off and says its parts in the address, so that any interface will do.
	socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM, int(htons(syscall.ETH_P_ALL)))
	if err != nil {
		return fmt.Errorf("no raw socket (the capability NET_RAW is needed): %w", err)
	}
	defer syscall.Close(socket)
	// Large enough for a burst; the kernel counts what does not fit.
	_ = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<20)
	// So that the end of the time is seen though no packet comes.
	wait := syscall.NsecToTimeval(int64(100 * time.Millisecond))
	if err := syscall.SetsockoptTimeval(socket, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait); err != nil {
		return err
	}
	if err := writeHeader(out, snaplen); err != nil {
		return err
	}
	packet := make([]byte, 1<<18)
	for ctx.Err() == nil {
		n, from, err := syscall.Recvfrom(socket, packet, syscall.MSG_TRUNC)
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		link, ok := from.(*syscall.SockaddrLinklayer)
		kept := min(n, len(packet))
		if !ok || !wanted.matches(htons(link.Protocol), packet[:kept]) {
			continue
		}
		kept = min(kept, snaplen)
		if out.bytes+int64(recordBytes+sll2Header+kept) > maxBytes {
			end.Dropped = dropped(socket)
			return nil
		}
		if err := writePacket(out, link, packet[:kept], n); err != nil {
			return err
		}
		end.Packets++
	}
	end.Dropped = dropped(socket)
	return nil
}

// https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/
func writeHeader(out io.Writer, snaplen int) error {
	header := make([]byte, pcapHeader)
	binary.LittleEndian.PutUint32(header[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(header[4:], 2)
	binary.LittleEndian.PutUint16(header[6:], 4)
	binary.LittleEndian.PutUint32(header[16:], uint32(snaplen+sll2Header))
	binary.LittleEndian.PutUint32(header[20:], linkType)
	_, err := out.Write(header)
	return err
}

func writePacket(out io.Writer, link *syscall.SockaddrLinklayer, packet []byte, original int) error {
	at := time.Now()
	record := make([]byte, recordBytes+sll2Header)
	binary.LittleEndian.PutUint32(record[0:], uint32(at.Unix()))
	binary.LittleEndian.PutUint32(record[4:], uint32(at.Nanosecond()/1000))
	binary.LittleEndian.PutUint32(record[8:], uint32(sll2Header+len(packet)))
	binary.LittleEndian.PutUint32(record[12:], uint32(sll2Header+original))
	sll := record[recordBytes:]
	binary.BigEndian.PutUint16(sll[0:], htons(link.Protocol))
	binary.BigEndian.PutUint32(sll[4:], uint32(link.Ifindex))
	binary.BigEndian.PutUint16(sll[8:], link.Hatype)
	sll[10] = link.Pkttype
	sll[11] = min(link.Halen, 8)
	copy(sll[12:20], link.Addr[:])
	if _, err := out.Write(record); err != nil {
		return err
	}
	_, err := out.Write(packet)
	return err
}

// What the kernel had no room for.
func dropped(socket int) uint32 {
	var statistics struct{ packets, drops uint32 }
	size := uint32(unsafe.Sizeof(statistics))
	_, _, failed := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(socket), solPacket, packetStatistics,
		uintptr(unsafe.Pointer(&statistics)), uintptr(unsafe.Pointer(&size)), 0)
	if failed != 0 {
		return 0
	}
	return statistics.drops
}

// filter is what of the traffic is wanted; what is not given is any.
type filter struct {
	protocol string
	network  netip.Prefix
	port     int
}

func (f *filter) parse(host string) error {
	switch f.protocol {
	case "", "tcp", "udp", "icmp":
	default:
		return fmt.Errorf("unknown protocol %q", f.protocol)
	}
	if f.port < 0 || f.port > 65_535 {
		return fmt.Errorf("port %d is none", f.port)
	}
	if host == "" {
		return nil
	}
	if network, err := netip.ParsePrefix(host); err == nil {
		f.network = network.Masked()
		return nil
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("host %q is no address: %w", host, err)
	}
	f.network = netip.PrefixFrom(address, address.BitLen())
	return nil
}

func (f *filter) matches(etherType uint16, packet []byte) bool {
	if f.protocol == "" && f.port == 0 && !f.network.IsValid() {
		return true
	}
	protocol, source, destination, payload, ok := network(etherType, packet)
	if !ok {
		return false
	}
	if f.network.IsValid() && !f.network.Contains(source) && !f.network.Contains(destination) {
		return false
	}
	if f.protocol != "" && !isProtocol(f.protocol, protocol) {
		return false
	}
	if f.port == 0 {
		return true
	}
	if (protocol != syscall.IPPROTO_TCP && protocol != syscall.IPPROTO_UDP) || len(payload) < 4 {
		return false
	}
	port := uint16(f.port)
	return binary.BigEndian.Uint16(payload) == port || binary.BigEndian.Uint16(payload[2:]) == port
}

func isProtocol(name string, number int) bool {
	switch name {
	case "tcp":
		return number == syscall.IPPROTO_TCP
	case "udp":
		return number == syscall.IPPROTO_UDP
	default:
		return number == syscall.IPPROTO_ICMP || number == syscall.IPPROTO_ICMPV6
	}
}

// network reads the IP header. Fragments after the first have no ports: a filter by port does not match them.
func network(etherType uint16, packet []byte) (protocol int, source, destination netip.Addr, payload []byte, ok bool) {
	switch {
	case etherType == syscall.ETH_P_IP && len(packet) >= 20:
		length := int(packet[0]&0x0f) * 4
		if length < 20 || length > len(packet) {
			return
		}
		source, _ = netip.AddrFromSlice(packet[12:16])
		destination, _ = netip.AddrFromSlice(packet[16:20])
		payload = packet[length:]
		if binary.BigEndian.Uint16(packet[6:])&0x1fff != 0 {
			payload = nil
		}
		return int(packet[9]), source, destination, payload, true
	case etherType == syscall.ETH_P_IPV6 && len(packet) >= 40:
		source, _ = netip.AddrFromSlice(packet[8:24])
		destination, _ = netip.AddrFromSlice(packet[24:40])
		return int(packet[6]), source, destination, packet[40:], true
	}
	return
}

func htons(value uint16) uint16 {
	return value<<8 | value>>8
}

func now() string {
	return time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
