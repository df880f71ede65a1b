internal import Authentication

/// What an answer that is good once is to one device.
struct OneTimeFit {
    /// The device's state when the answer is spent; nil if it is not acceptable.
    var state: Int64?
    /// The device has accepted it before, and whoever sends it has seen it rather than guessed.
    var isReplay = false
}

extension Devices {
    /// Spends an answer that is good once, or throws. `fit` says what it is to a device, by payload and state.
    ///
    /// Every device is looked at, whatever was found before; an account without devices does the work of one, which is
    /// `standIn`.
    mutating func spendOnce(
        at now: Moment, standIn: borrowing Secret, initialState: Int64,
        _ fit: (_ payload: Span<UInt8>, _ state: Int64) throws(InvalidAuth) -> OneTimeFit
    ) throws(InvalidAuth) {
        guard !isEmpty else {
            _ = try standIn.withBytes { (payload) throws(InvalidAuth) in try fit(payload, initialState) }
            throw .notEnrolled
        }
        var states: [(device: Int, state: Int64)] = []
        var isReplay = false
        for index in devices.indices {
            let state = devices[index].state
            let fit = try withPayload(of: index) { (payload) throws(InvalidAuth) in try fit(payload, state) }
            if let state = fit.state { states.append((index, state)) }
            if fit.isReplay { isReplay = true }
        }
        // Before acceptance: one key may be enrolled under two names, and its code is good once all the same.
        guard !isReplay else { throw .replayed }
        guard !states.isEmpty else { throw .wrong }
        // For the same reason the code is spent wherever it fits.
        for (device, state) in states { try spend(device, state: state, at: now) }
    }

    /// Of what `find` says of each device, the least far off; nil if none of them made the answer.
    func nearest(
        _ find: (_ device: Device, _ payload: Span<UInt8>) throws(InvalidAuth) -> Diagnosis?
    ) -> Diagnosis? {
        var nearest: Diagnosis?
        for index in devices.indices {
            let device = devices[index]
            // A device that does not open made no answer that could be told.
            let found = try? withPayload(of: index) { (payload) throws(InvalidAuth) in try find(device, payload) }
            guard let found, found.offset.magnitude < nearest?.offset.magnitude ?? .max else { continue }
            nearest = found
        }
        return nearest
    }

    /// The same where the search is long; an account without devices does the work of one, `standIn`, and nothing comes of it.
    func nearest(
        standIn: borrowing Secret, initialState: Int64,
        _ find: (_ device: Device, _ payload: Span<UInt8>) throws(InvalidAuth) -> Diagnosis?
    ) -> Diagnosis? {
        guard isEmpty else { return nearest(find) }
        let nobodys = Device(name: "", sealed: [], state: initialState, createdAt: 0)
        _ = try? standIn.withBytes { (payload) throws(InvalidAuth) in try find(nobodys, payload) }
        return nil
    }
}
