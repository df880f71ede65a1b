package import AdminProtocol

/// How often a value fell into which range, as OpenMetrics has it: cumulative upper bounds, a sum, a count.
package struct Histogram: Equatable, Sendable {
    /// Upper bounds, ascending; above the last one is infinity.
    package let bounds: [Double]
    /// For each bound, and for infinity at the end, how many values fell between it and the one before.
    private var counts: [Int]
    private var sum = 0.0

    package init(upTo bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    package mutating func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[index] += 1
        sum += value
    }

    /// The samples of one histogram.
    package var samples: [MetricSample] {
        var samples: [MetricSample] = []
        var total = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? "\(bounds[index])" : "+Inf"
            samples.append(MetricSample("_bucket", [MetricLabel("le", bound)], value: Double(total)))
        }
        samples.append(MetricSample("_count", value: Double(total)))
        samples.append(MetricSample("_sum", value: sum))
        return samples
    }
}
