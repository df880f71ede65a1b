internal import Authentication

/// How many rows of each kind there are among those of remote hosts, as the writer knows it.
struct CountedHosts {
    private var ofThisMachine: Int
    /// Of certificates that have claimed one since rows were last forgotten.
    private var claims: [String: Int] = [:]
    /// Of the fleet's hosts, since then.
    private var newOnes = 0

    init(ofThisMachine count: Int) { ofThisMachine = count }

    /// Makes room for a row that is about to be written for the first time.
    mutating func makeRoom(
        for key: String, at now: Moment, with statements: LoginStatements
    ) throws(DatabaseFault) {
        switch HostRow(key: key) {
        case .remoteHost:
            guard ofThisMachine >= LoginStatements.hostCapacity else { return ofThisMachine += 1 }
            try statements.evictOldestHost()
        case .claimed(let serial):
            try forgetOld(at: now, with: statements)
            var count = if let known = claims[serial] { known } else { try statements.claims(of: serial) }
            if count >= HostRow.mostClaims { count -= try statements.evictOldestClaims(of: serial) }
            claims[serial] = count + 1
        case .ledger: try forgetOld(at: now, with: statements)
        }
    }

    /// Once in a while: what is over by now is no use, and nothing else bounds it.
    private mutating func forgetOld(at now: Moment, with statements: LoginStatements) throws(DatabaseFault) {
        newOnes += 1
        guard newOnes >= HostRow.newOnes else { return }
        newOnes = 0
        claims = [:]
        try statements.forgetHosts(before: HostRow.oldest(at: now))
    }
}
