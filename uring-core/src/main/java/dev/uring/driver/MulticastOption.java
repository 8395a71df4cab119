package dev.uring.driver;

/** How multicast is sent. */
public enum MulticastOption {
  /** Index of the interface it leaves by; 0 lets the routing table choose. */
  INTERFACE,
  /** How many routers may pass it on: 0 stays on this machine, 1 on this network. */
  HOPS,
  /** 1 when sockets of this machine hear it too, otherwise 0. */
  LOOP
}
