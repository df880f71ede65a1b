/// On whose account something is looked up: so many of one may wait, so that nobody's keep everybody else waiting.
package enum LookUpPayer: Hashable, Sendable {
    /// A caller of this machine; uid 0 has no bound.
    case uid(UInt32)
    /// A host of the fleet, by its certificate's serial, whatever it says of who asks there.
    case host(serial: String)

    /// The threads and the room that are kept for root are its own.
    var isRoot: Bool { self == .uid(0) }
}
