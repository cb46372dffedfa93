// Where ranges come from, as the supply of blocks sees it: the client of the network, or what a
// test puts in its place.
#pragma once
#include "cubemill/net/range_client.hpp"

namespace cubemill {

class RangeSource {
 public:
  virtual ~RangeSource() = default;
  virtual void ask(RangeRequest request, RangeClient::Done done) = 0;
  virtual RangeAnswer fetch(RangeRequest request) = 0;
  /// How many more ranges can be asked for without queueing.
  virtual int room() const = 0;
  /// Seconds until an answer is there, nearly always.
  virtual double usual_seconds() const = 0;
};

/// The client of this process.
class NetSource final : public RangeSource {
 public:
  void ask(RangeRequest request, RangeClient::Done done) override {
    net_client().ask(std::move(request), std::move(done));
  }
  RangeAnswer fetch(RangeRequest request) override {
    return net_client().fetch(std::move(request));
  }
  int room() const override { return net_client().room(); }
  double usual_seconds() const override { return net_client().usual_seconds(); }
};

}  // namespace cubemill
