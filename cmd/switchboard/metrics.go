package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/store"
)

// metrics is what Prometheus reads. No label holds anything of a message.
type metrics struct {
	registry *prometheus.Registry
	received prometheus.Counter
	repeated prometheus.Counter
	routed   *prometheus.CounterVec
	group    prometheus.Histogram
	commit   prometheus.Histogram
	failed   prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		received: prometheus.NewCounter(prometheus.CounterOpts{Name: "switchboard_messages_received_total", Help: "Messages that were stored."}),
		repeated: prometheus.NewCounter(prometheus.CounterOpts{Name: "switchboard_messages_repeated_total", Help: "Messages that were known already when they were delivered."}),
		routed:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "switchboard_messages_routed_total", Help: "Inbound messages by what the rule decided when they came."}, []string{"reason"}),
		group: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "switchboard_intake_group_size", Help: "Deliveries that were committed together.", Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "switchboard_intake_commit_seconds", Help: "How long a group took to be decided and committed.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "switchboard_intake_failures_total", Help: "Groups that could not be committed."}),
	}
	m.registry.MustRegister(m.received, m.repeated, m.routed, m.group, m.commit, m.failed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe measures a commit of the intake.
func (m *metrics) observe(deliveries int) func([]store.Received, error) {
	begun := time.Now()
	return func(received []store.Received, err error) {
		m.group.Observe(float64(deliveries))
		m.commit.Observe(time.Since(begun).Seconds())
		if err != nil {
			m.failed.Inc()
			return
		}
		for _, r := range received {
			for _, message := range r.Messages {
				m.message(message)
			}
		}
	}
}

func (m *metrics) message(r store.ReceivedMessage) {
	if !r.New {
		m.repeated.Inc()
		return
	}
	m.received.Inc()
	if r.Reason != "" {
		m.routed.WithLabelValues(string(r.Reason)).Inc()
	}
}

// watch adds what is read when Prometheus asks.
func (m *metrics) watch(w *intake.Writer, db *store.DB, log *slog.Logger) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "switchboard_intake_queue", Help: "Deliveries that wait to be committed."}, func() float64 { return float64(w.Waiting()) }),
		&outboxMetrics{
			db: db, log: log,
			waiting: prometheus.NewDesc("switchboard_outbox_waiting", "Jobs that wait, counted up to 1,000.", nil, nil),
			dead:    prometheus.NewDesc("switchboard_outbox_dead", "Jobs that were given up, counted up to 1,000.", nil, nil),
		},
	)
}

// outboxMetrics reads the outbox once for both of its numbers.
type outboxMetrics struct {
	db            *store.DB
	log           *slog.Logger
	waiting, dead *prometheus.Desc
}

func (o *outboxMetrics) Describe(c chan<- *prometheus.Desc) { c <- o.waiting; c <- o.dead }

func (o *outboxMetrics) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := o.db.OutboxState(ctx)
	if err != nil {
		o.log.Warn("could not count the outbox", "err", err)
		return
	}
	c <- prometheus.MustNewConstMetric(o.waiting, prometheus.GaugeValue, float64(s.Waiting))
	c <- prometheus.MustNewConstMetric(o.dead, prometheus.GaugeValue, float64(s.Dead))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
