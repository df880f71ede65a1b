import Authentication
import Cryptography
import Foundation

/// The hubs' register of hosts, and the key that signs for them: kept in the store, sealed, so that all hubs share it and whoever can
/// write to the database alone can let no host in.
///
/// Its rows stand among those of users, under providers that no configuration can name: sealed values under a name, which are
/// resealed, backed up and copied with the rest. A certificate has one row, which is written when it is issued and when it is
/// revoked, and never in between.
enum FleetRegister {
    // MARK: Hosts

    /// The host with a certificate; nil if no such certificate was ever issued.
    static func host(_ serial: String, in store: any EnrollmentStore) throws(StoreFailure) -> FleetHost? {
        guard !store.isLocalCopy else {
            throw .unreachable("whether a host was revoked cannot be told while the database is away")
        }
        guard let key = key(.hosts, serial), let kept = try store.userDatabase.passwordHash(of: key) else { return nil }
        return try decode(FleetHost.self, kept, key)
    }

    /// The hosts with some certificates, by serial; those of which no row can be read are left out. A copy answers nothing of that.
    static func hosts(_ serials: [String], in store: any EnrollmentStore) throws(StoreFailure) -> [String: FleetHost] {
        var found: [String: FleetHost] = [:]
        for row in try store.users(of: .hosts, named: serials.compactMap { AccountName($0) }) {
            let host = try? decode(FleetHost.self, try store.sealing.open(row.sealedHash, at: row.key), row.key)
            found[row.key.username.text] = host
        }
        return found
    }

    /// The serials of all certificates that were issued and not revoked.
    static func good(in store: any StoreReading) throws(StoreFailure) -> Set<String> {
        var good: Set<String> = []
        for row in try store.users(of: .hosts) {
            let host = try decode(FleetHost.self, try store.sealing.open(row.sealedHash, at: row.key), row.key)
            if host.revokedAt == nil { good.insert(host.serial) }
        }
        return good
    }

    /// The first of those whose serials are after one, by serial; when each was last seen; and the serial to go on after, if there
    /// are more.
    static func page(
        after serial: String, atMost limit: Int, in store: any StoreReading
    ) throws(StoreFailure) -> (hosts: [(host: FleetHost, seenAt: Int64?)], next: String?) {
        let rows = try store.users(of: .hosts, after: place(.hosts, serial), atMost: limit)
        var seen: [String: Int64] = [:]
        var behind: String? = serial
        while let after = behind {
            let sightings = try store.users(of: .sightings, after: place(.sightings, after), atMost: limit)
            for sighting in sightings.listed { seen[sighting.user.key.username.text] = sighting.user.changedAt }
            // Of a host that is forgotten there may be one still, so that there are more of them than hosts.
            behind = sightings.next?.username
            if let last = rows.next?.username, let reached = behind, reached >= last { behind = nil }
        }
        var hosts: [(host: FleetHost, seenAt: Int64?)] = []
        for row in rows.listed.map(\.user) {
            let host = try decode(FleetHost.self, try store.sealing.open(row.sealedHash, at: row.key), row.key)
            hosts.append((host, seen[host.serial]))
        }
        return (hosts, rows.next?.username)
    }

    private static func place(_ provider: ProviderID, _ serial: String) -> UserPlace {
        UserPlace(type: provider.type, id: "", username: serial)
    }

    /// All of them, by name, and when each was last seen.
    static func all(
        in store: any EnrollmentStore
    ) throws(StoreFailure) -> [(host: FleetHost, seenAt: Int64?)] {
        var seen: [String: Int64] = [:]
        for row in try store.users(of: .sightings) { seen[row.key.username.text] = row.changedAt }
        var found: [(host: FleetHost, seenAt: Int64?)] = []
        for row in try store.users(of: .hosts) {
            let host = try decode(FleetHost.self, try store.sealing.open(row.sealedHash, at: row.key), row.key)
            found.append((host, seen[host.serial]))
        }
        return found.sorted { ($0.host.name, $0.host.issuedAt) < ($1.host.name, $1.host.issuedAt) }
    }

    /// Writes a certificate down; those that have run out are forgotten along with it.
    static func add(_ host: FleetHost, to store: any EnrollmentStore, at now: Int64) throws(StoreFailure) {
        for (old, _) in try all(in: store) where old.until < now {
            if let key = key(.hosts, old.serial) { _ = try store.removeUser(key) }
            if let key = key(.sightings, old.serial) { _ = try store.removeUser(key) }
        }
        guard let key = key(.hosts, host.serial), try store.add(try row(host, at: key, now, store.sealing)) else {
            throw .unreachable("a certificate of that serial was issued already")
        }
    }

    /// Revokes every certificate of a name that is good still; returns them.
    static func revoke(
        _ name: String, in store: any EnrollmentStore, at now: Int64
    ) throws(StoreFailure) -> [FleetHost] {
        var revoked: [FleetHost] = []
        for (found, _) in try all(in: store) where found.name == name && found.revokedAt == nil {
            var host = found
            host.revokedAt = now
            guard let key = key(.hosts, host.serial), try store.change(try row(host, at: key, now, store.sealing))
            else {
                continue
            }
            revoked.append(host)
        }
        return revoked
    }

    /// Writes down that a host was seen: in a row of its own, so that no revocation is ever written over.
    static func saw(_ serial: String, in store: any EnrollmentStore, at now: Int64) throws(StoreFailure) {
        guard let key = key(.sightings, serial) else { return }
        let sealed = try store.sealing.seal(Secret(count: 0) { _ in }, at: key)
        let row = ProviderUser(key: key, sealedHash: sealed, changedAt: now)
        if try !store.change(row) { _ = try store.add(row) }
    }

    // MARK: The authority

    /// The fleet's authority; the first hub that asks makes it.
    static func authority(in store: any EnrollmentStore, at now: Int64) throws(StoreFailure) -> FleetAuthority {
        guard let key = key(.authority, "authority") else { throw .unreachable("the authority has no name") }
        if let kept = try store.userDatabase.passwordHash(of: key) { return try FleetAuthority(kept) }
        let made: Secret
        do throws(CryptographyFailure) {
            made = try FleetAuthority.make(at: now)
        } catch {
            throw .unreachable("libcrypto makes no authority: \(error)")
        }
        _ = try store.add(ProviderUser(key: key, sealedHash: try store.sealing.seal(made, at: key), changedAt: now))
        // Whoever was first: another hub may have made one meanwhile.
        guard let kept = try store.userDatabase.passwordHash(of: key) else {
            throw .unreachable("the fleet's authority was not kept")
        }
        return try FleetAuthority(kept)
    }

    // MARK: Rows

    private static func key(_ provider: ProviderID, _ name: String) -> UserKey? {
        AccountName(name).map { UserKey($0, at: provider) }
    }

    private static func row(
        _ host: FleetHost, at key: UserKey, _ now: Int64, _ sealing: any SecretSealing
    ) throws(StoreFailure) -> ProviderUser {
        guard let json = try? JSONEncoder().encode(host) else { throw .damaged("\(host.name) cannot be written") }
        return ProviderUser(
            key: key, sealedHash: try sealing.seal(Secret(copying: Array(json).span), at: key), changedAt: now)
    }

    private static func decode<Value: Decodable>(
        _ kind: Value.Type, _ kept: borrowing Secret, _ key: UserKey
    ) throws(StoreFailure) -> Value {
        let bytes = kept.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        guard let value = try? JSONDecoder().decode(kind, from: Data(bytes)) else {
            throw .damaged("\(key.username) of the register makes no sense")
        }
        return value
    }
}
