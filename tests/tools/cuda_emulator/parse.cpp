#include "ptx.h"
#include <set>
namespace ptxemu {
namespace {
struct Tok {
  enum K : u8 { ID, NUM, PUNCT, STR, END } k;
  std::string s;
  u64 v = 0;
  bool isf32 = false, isf64 = false;
  u32 line;
};
struct Lexer {
  const std::string& t;
  size_t p = 0;
  u32 line = 1;
  std::vector<Tok> out;
  explicit Lexer(const std::string& s) : t(s) {}
  static bool idc(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '.' || c == '%';
  }
  void run() {
    while (p < t.size()) {
      char c = t[p];
      if (c == 0) break;
      if (c == '\n') {
        ++line;
        ++p;
        continue;
      }
      if (isspace((unsigned char)c)) {
        ++p;
        continue;
      }
      if (c == '/' && t[p + 1] == '/') {
        while (p < t.size() && t[p] != '\n') ++p;
        continue;
      }
      if (c == '/' && t[p + 1] == '*') {
        while (p < t.size() && !(t[p] == '*' && t[p + 1] == '/')) {
          if (t[p] == '\n') ++line;
          ++p;
        }
        p += 2;
        continue;
      }
      if (c == '"') {
        size_t q = p + 1;
        while (q < t.size() && t[q] != '"') ++q;
        out.push_back({Tok::STR, t.substr(p + 1, q - p - 1), 0, false, false, line});
        p = q + 1;
        continue;
      }
      if (isdigit((unsigned char)c)) {
        number();
        continue;
      }
      if (idc(c)) {
        size_t q = p;
        while (q < t.size() && (idc(t[q]) || (t[q] == ':' && t[q + 1] == ':'))) {
          if (t[q] == ':')
            q += 2;
          else
            ++q;
        }
        out.push_back({Tok::ID, t.substr(p, q - p), 0, false, false, line});
        p = q;
        continue;
      }
      out.push_back({Tok::PUNCT, std::string(1, c), 0, false, false, line});
      ++p;
    }
    out.push_back({Tok::END, "", 0, false, false, line});
  }
  void number() {
    Tok k{Tok::NUM, "", 0, false, false, line};
    if (t[p] == '0' && (t[p + 1] == 'f' || t[p + 1] == 'F')) {
      k.isf32 = true;
      k.v = strtoull(t.substr(p + 2, 8).c_str(), nullptr, 16);
      p += 10;
      out.push_back(k);
      return;
    }
    if (t[p] == '0' && (t[p + 1] == 'd' || t[p + 1] == 'D')) {
      k.isf64 = true;
      k.v = strtoull(t.substr(p + 2, 16).c_str(), nullptr, 16);
      p += 18;
      out.push_back(k);
      return;
    }
    char* e;
    const char* b = t.c_str() + p;
    k.v = strtoull(b, &e, 0);
    if (*e == '.' && isdigit((unsigned char)e[1])) {
      double d = strtod(b, &e);
      k.isf64 = true;
      memcpy(&k.v, &d, 8);
      k.s = std::string(b, (const char*)e);
    }
    if (*e == 'U') ++e;
    k.s = std::string(b, (const char*)e);
    p += e - b;
    out.push_back(k);
  }
};
Ty tyof(const std::string& s) {
  static const std::map<std::string, Ty> m{
      {"pred", T_PRED}, {"b8", T_B8},   {"b16", T_B16},  {"b32", T_B32}, {"b64", T_B64},
      {"b128", T_B128}, {"u8", T_U8},   {"u16", T_U16},  {"u32", T_U32}, {"u64", T_U64},
      {"s8", T_S8},     {"s16", T_S16}, {"s32", T_S32},  {"s64", T_S64}, {"f16", T_F16},
      {"f32", T_F32},   {"f64", T_F64}, {"bf16", T_BF16}};
  auto i = m.find(s);
  return i == m.end() ? T_NONE : i->second;
}
struct Parser {
  std::vector<Tok> t;
  size_t p = 0;
  Module& m;
  const std::function<u64(Var&)>& alloc;
  std::map<std::string, Var> modShared;
  Func* f = nullptr;
  std::vector<std::map<std::string, u32>> scopes;
  std::map<std::string, std::pair<Sp, u64>> locals;
  std::map<std::string, u32> labels;
  std::vector<std::pair<size_t, std::string>> fix;
  std::map<std::string, std::vector<std::string>> tables;
  std::vector<std::pair<size_t, std::string>> fixt;
  std::map<std::string, u32> spec;
  const std::string& src;
  std::vector<size_t> lineoff;
  Parser(Module& mm, const std::function<u64(Var&)>& a, const std::string& s)
      : m(mm), alloc(a), src(s) {
    lineoff.push_back(0);
    for (size_t i = 0; i < s.size(); ++i)
      if (s[i] == '\n') lineoff.push_back(i + 1);
  }
  [[noreturn]] void fail(const std::string& w) {
    throw std::runtime_error("PTX line " + std::to_string(t[p].line) + ": " + w + " near '" +
                             t[p].s + "'");
  }
  bool is(const char* s) const { return t[p].k != Tok::STR && t[p].s == s && t[p].k != Tok::NUM; }
  bool eat(const char* s) {
    if (is(s)) {
      ++p;
      return true;
    }
    return false;
  }
  void need(const char* s) {
    if (!eat(s)) fail(std::string("expected ") + s);
  }
  std::string id() {
    if (t[p].k != Tok::ID) fail("identifier expected");
    return t[p++].s;
  }
  u64 num() {
    bool n = eat("-");
    if (t[p].k != Tok::NUM) fail("number expected");
    u64 v = t[p++].v;
    return n ? 0 - v : v;
  }
  void skipTo(const char* s) {
    while (!is(s) && t[p].k != Tok::END) ++p;
    ++p;
  }
  void run() {
    while (t[p].k != Tok::END) {
      if (is(".version") || is(".target")) {
        if (is(".target")) {
          ++p;
          std::string s = id();
          m.sm = atoi(s.c_str() + 3);
          while (eat(",")) id();
        } else
          p += 2;
        continue;
      }
      if (is(".address_size")) {
        p += 2;
        continue;
      }
      if (is(".file")) {
        ++p;
        num();
        ++p;
        while (eat(",")) num();
        continue;
      }
      if (is(".section")) {
        skipTo("{");
        int d = 1;
        while (d) {
          if (is("{")) ++d;
          if (is("}")) --d;
          ++p;
        }
        continue;
      }
      if (is(".pragma")) {
        skipTo(";");
        continue;
      }
      if (is(".alias")) {
        skipTo(";");
        continue;
      }
      bool ext = false;
      while (is(".visible") || is(".extern") || is(".weak") || is(".common")) {
        ext |= is(".extern");
        ++p;
      }
      if (is(".entry") || is(".func")) {
        func();
        continue;
      }
      if (is(".global") || is(".const") || is(".shared")) {
        var(ext);
        continue;
      }
      fail("unknown directive");
    }
  }
  void attr(Var& v) {
    (void)v;
    if (is(".attribute")) {
      skipTo(")");
    }
  }
  void var(bool ext) {
    Var v;
    v.ext = ext;
    std::string sp = id();
    v.sp = sp == ".global" ? SP_GLOBAL : sp == ".const" ? SP_CONST : SP_SHARED;
    attr(v);
    Ty ty = T_NONE;
    u32 mul = 1;
    v.align = 0;
    while (t[p].k == Tok::ID && t[p].s[0] == '.') {
      std::string s = id();
      if (s == ".align")
        v.align = num();
      else if (s == ".v2")
        mul = 2;
      else if (s == ".v4")
        mul = 4;
      else if (s == ".attribute")
        skipTo(")");
      else
        ty = tyof(s.substr(1));
    }
    v.name = id();
    u64 n = 1;
    bool open = false;
    while (eat("[")) {
      if (is("]"))
        open = true;
      else
        n *= num();
      need("]");
    }
    u32 es = tysize(ty) * mul;
    v.size = open ? 0 : n * es;
    if (!v.align) v.align = es;
    if (eat("=")) {
      init(v, tysize(ty), 0);
      if (open) v.size = v.init.size();
      v.init.resize(v.size);
    }
    need(";");
    if (v.sp == SP_SHARED)
      modShared[v.name] = v;
    else {
      v.addr = alloc(v);
      m.vars[v.name] = v;
    }
  }
  void init(Var& v, u32 es, int depth) {
    if (eat("{")) {
      if (!is("}")) do
          init(v, es, depth + 1);
        while (eat(","));
      need("}");
      return;
    }
    if (t[p].k == Tok::NUM || is("-")) {
      bool f = t[p].k == Tok::NUM && (t[p].isf32 || t[p].isf64);
      (void)f;
      u64 x = num();
      for (u32 i = 0; i < es; ++i) v.init.push_back(x >> (8 * i));
      return;
    }
    std::string s = id();
    if (s == "generic") {
      need("(");
      s = id();
      need(")");
    }
    u64 add = 0;
    if (eat("+")) add = num();
    v.reloc.push_back({(u32)v.init.size(), s + "+" + std::to_string(add)});
    for (u32 i = 0; i < es; ++i) v.init.push_back(0);
  }
  void params(std::vector<Param>& ps, u32& bytes) {
    need("(");
    bytes = 0;
    while (!eat(")")) {
      if (eat(",")) continue;
      u32 al = 0;
      Ty ty = T_NONE;
      std::string s = id();
      if (s == ".param" || s == ".reg") {
      }
      while (t[p].k == Tok::ID && t[p].s[0] == '.') {
        s = id();
        if (s == ".align")
          al = num();
        else if (s == ".ptr") {
          while (is(".global") || is(".shared") || is(".const") || is(".local")) ++p;
          if (eat(".align")) num();
        } else if (tyof(s.substr(1)))
          ty = tyof(s.substr(1));
      }
      std::string n = id();
      u32 sz = tysize(ty);
      u32 cnt = 1;
      while (eat("[")) {
        if (!is("]")) cnt *= num();
        need("]");
      }
      if (!al) al = sz;
      sz *= cnt;
      bytes = (bytes + al - 1) / al * al;
      ps.push_back({n, bytes, sz, al});
      bytes += sz;
    }
  }
  u32 newreg() { return f->nregs++; }
  void func() {
    bool entry = id() == ".entry";
    auto fn = std::make_unique<Func>();
    f = fn.get();
    f->entry = entry;
    scopes.assign(1, {});
    locals.clear();
    labels.clear();
    fix.clear();
    fixt.clear();
    tables.clear();
    spec.clear();
    if (!entry && is("(")) params(f->rets, f->retBytes);
    f->name = id();
    if (is("(")) params(f->params, f->paramBytes);
    f->isThrust =
        f->name.find("3cub") != std::string::npos || f->name.find("6thrust") != std::string::npos;
    while (t[p].k == Tok::ID && t[p].s[0] == '.') {
      std::string s = id();
      if (s == ".maxntid" || s == ".reqntid") {
        u32 a = num();
        while (eat(",")) a *= num();
        f->maxntid = a;
      } else if (s == ".noreturn" || s == ".explicitcluster") {
      } else {
        while (t[p].k == Tok::NUM || is(",")) ++p;
      }
    }
    std::string name = f->name;
    if (eat(";")) {
      auto& o = m.funcs[name];
      if (!o) o = std::move(fn);
      return;
    }
    // param/ret symbol area: [0, paramBytes) params, then rets, then call-site param variables
    for (auto& q : f->params) locals[q.name] = {SP_PARAM, q.off};
    f->pbufBytes = (f->paramBytes + 15) & ~15u;
    for (auto& q : f->rets) {
      locals[q.name] = {SP_PARAM, f->pbufBytes + q.off};
    }
    f->pbufBytes += (f->retBytes + 15) & ~15u;
    need("{");
    body();
    f->defined = true;
    for (auto& x : fix) {
      auto i = labels.find(x.second);
      if (i == labels.end()) fail("label " + x.second);
      f->code[x.first].target = i->second;
    }
    for (auto& x : fixt)
      for (auto& l : tables[x.second]) f->code[x.first].targets.push_back(labels[l]);
    {
      Ins r;
      r.op = O_RET;
      r.text = "ret";
      f->code.push_back(r);
    }
    auto& o = m.funcs[name];
    if (o && !o->defined) {
      *o = std::move(*f);
    } else
      o = std::move(fn);
  }
  void body() {
    for (;;) {
      if (eat("}")) {
        if (scopes.size() == 1) return;
        scopes.pop_back();
        continue;
      }
      if (eat("{")) {
        scopes.emplace_back();
        continue;
      }
      if (is(".reg")) {
        ++p;
        if (is(".v2") || is(".v4")) ++p;
        id();
        do {
          std::string n = id();
          if (eat("<")) {
            u64 c = num();
            need(">");
            for (u64 i = 0; i < c; ++i) scopes.back()[n + std::to_string(i)] = newreg();
          } else
            scopes.back()[n] = newreg();
        } while (eat(","));
        need(";");
        continue;
      }
      if (is(".local") || is(".param") || is(".shared")) {
        std::string sp = id();
        u32 al = 0;
        Ty ty = T_NONE;
        while (t[p].k == Tok::ID && t[p].s[0] == '.') {
          std::string s = id();
          if (s == ".align")
            al = num();
          else
            ty = tyof(s.substr(1));
        }
        std::string n = id();
        u32 c = 1;
        while (eat("[")) {
          c *= num();
          need("]");
        }
        u32 sz = tysize(ty) * c;
        if (!al) al = tysize(ty);
        if (sp == ".local") {
          f->localBytes = (f->localBytes + al - 1) / al * al;
          locals[n] = {SP_LOCAL, f->localBytes};
          f->localBytes += sz;
        } else if (sp == ".param") {
          f->pbufBytes = (f->pbufBytes + al - 1) / al * al;
          locals[n] = {SP_PARAM, f->pbufBytes};
          f->pbufBytes += sz;
        } else {
          f->sharedBytes = (f->sharedBytes + al - 1) / al * al;
          locals[n] = {SP_SHARED, f->sharedBytes};
          f->sharedBytes += sz;
        }
        need(";");
        continue;
      }
      if (is(".loc")) {
        u32 l = t[p].line;
        while (t[p].line == l && t[p].k != Tok::END && !is("}")) ++p;
        continue;
      }
      if (is(".pragma")) {
        skipTo(";");
        continue;
      }
      if (t[p].k == Tok::ID && t[p + 1].k == Tok::PUNCT && t[p + 1].s == ":") {
        std::string l = id();
        ++p;
        if (is(".branchtargets")) {
          ++p;
          std::vector<std::string> v;
          do v.push_back(id());
          while (eat(","));
          need(";");
          tables[l] = v;
        } else if (is(".callprototype"))
          skipTo(";");
        else
          labels[l] = f->code.size();
        continue;
      }
      instr();
    }
  }
  static std::vector<std::string> split(const std::string& s) {
    std::vector<std::string> v;
    size_t b = 0;
    for (;;) {
      size_t e = s.find('.', b);
      v.push_back(s.substr(b, e == std::string::npos ? e : e - b));
      if (e == std::string::npos) return v;
      b = e + 1;
    }
  }
  bool lookupReg(const std::string& n, u32& r) {
    for (size_t i = scopes.size(); i-- > 0;) {
      auto j = scopes[i].find(n);
      if (j != scopes[i].end()) {
        r = j->second;
        return true;
      }
    }
    static const std::map<std::string, int> sp{{"%tid.x", SPR_TIDX},
                                               {"%tid.y", SPR_TIDY},
                                               {"%tid.z", SPR_TIDZ},
                                               {"%ntid.x", SPR_NTIDX},
                                               {"%ntid.y", SPR_NTIDY},
                                               {"%ntid.z", SPR_NTIDZ},
                                               {"%ctaid.x", SPR_CTAX},
                                               {"%ctaid.y", SPR_CTAY},
                                               {"%ctaid.z", SPR_CTAZ},
                                               {"%nctaid.x", SPR_NCTAX},
                                               {"%nctaid.y", SPR_NCTAY},
                                               {"%nctaid.z", SPR_NCTAZ},
                                               {"%laneid", SPR_LANE},
                                               {"%warpid", SPR_WARP},
                                               {"%nwarpid", SPR_NWARP},
                                               {"%smid", SPR_SMID},
                                               {"%nsmid", SPR_NSMID},
                                               {"%lanemask_eq", SPR_EQ},
                                               {"%lanemask_lt", SPR_LT},
                                               {"%lanemask_le", SPR_LE},
                                               {"%lanemask_gt", SPR_GT},
                                               {"%lanemask_ge", SPR_GE},
                                               {"%clock", SPR_ZERO},
                                               {"%clock64", SPR_ZERO},
                                               {"%globaltimer", SPR_ZERO},
                                               {"%gridid", SPR_GRIDID},
                                               {"%dynamic_smem_size", SPR_DYNSMEM},
                                               {"%total_smem_size", SPR_TOTSMEM}};
    auto i = sp.find(n);
    if (i == sp.end()) return false;
    auto j = spec.find(n);
    if (j == spec.end()) {
      u32 q = newreg();
      f->specials.push_back({q, i->second});
      j = spec.emplace(n, q).first;
    }
    r = j->second;
    return true;
  }
  bool lookupSym(const std::string& n, Sp& sp, u64& a) {
    auto i = locals.find(n);
    if (i != locals.end()) {
      sp = i->second.first;
      a = i->second.second;
      return true;
    }
    auto s = modShared.find(n);
    if (s != modShared.end()) {
      sp = SP_SHARED;
      if (s->second.ext && s->second.size == 0) {
        f->usesExternShared = true;
        a = 0x40000000ull;
        return true;
      }
      auto o = f->sharedOff.find(n);
      if (o == f->sharedOff.end()) {
        u32 al = s->second.align ? s->second.align : 1;
        f->sharedBytes = (f->sharedBytes + al - 1) / al * al;
        o = f->sharedOff.emplace(n, f->sharedBytes).first;
        f->sharedBytes += s->second.size;
      }
      a = o->second;
      return true;
    }
    auto g = m.vars.find(n);
    if (g != m.vars.end()) {
      sp = g->second.sp;
      a = g->second.addr;
      return true;
    }
    return false;
  }
  Opnd operand(Ty ty) {
    Opnd o;
    if (eat("{")) {
      o.k = Opnd::V;
      do o.v.push_back(operand(ty));
      while (eat(","));
      need("}");
      return o;
    }
    if (eat("[")) {
      o.k = Opnd::A;
      Opnd b = operand(T_B64);
      if (b.k == Opnd::R) {
        o.hasreg = true;
        o.reg = b.reg;
      } else
        o.imm = b.imm;
      if (eat("+"))
        o.imm += num();
      else if (is("-"))
        o.imm += num();
      if (eat(",")) {
        operand(T_B64);
      }
      need("]");
      return o;
    }
    if (eat("!")) {
      o = operand(ty);
      o.neg = true;
      return o;
    }
    if (is("-") || t[p].k == Tok::NUM) {
      bool n = eat("-");
      Tok& k = t[p];
      o.k = Opnd::I;
      o.imm = num();
      if (k.isf64 && (ty == T_F32)) {
        double d;
        memcpy(&d, &o.imm, 8);
        float q = (float)d;
        u32 w;
        memcpy(&w, &q, 4);
        o.imm = w;
      }
      if (k.isf32 && ty == T_F64) {
        u32 w = o.imm;
        float q;
        memcpy(&q, &w, 4);
        double d = q;
        memcpy(&o.imm, &d, 8);
      }
      if (n) o.imm = (k.isf32 ? o.imm ^ 0x80000000u : k.isf64 ? o.imm ^ (1ull << 63) : 0 - o.imm);
      return o;
    }
    std::string n = id();
    u32 r;
    Sp sp;
    u64 a;
    if (n == "_") {
      o.k = Opnd::NONE;
      return o;
    }
    if (n == "WARP_SZ") {
      o.k = Opnd::I;
      o.imm = 32;
      return o;
    }
    if (lookupReg(n, r)) {
      o.k = Opnd::R;
      o.reg = r;
      return o;
    }
    if (lookupSym(n, sp, a)) {
      o.k = Opnd::I;
      o.imm = a;
      symsp = sp;
      if (eat("+")) o.imm += num();
      return o;
    }
    if (m.funcs.count(n)) {
      o.k = Opnd::F;
      o.imm = (u64)m.funcs[n].get();
      return o;
    }
    o.k = Opnd::F;
    o.imm = 0;
    return o;
  }
  Sp symsp = SP_GENERIC;
  void instr() {
    Ins in;
    in.line = t[p].line;
    {
      size_t b = lineoff[in.line - 1], e = src.find('\n', b);
      in.text = src.substr(b, (e == std::string::npos ? src.size() : e) - b);
      while (!in.text.empty() && isspace((unsigned char)in.text[0])) in.text.erase(0, 1);
      if (in.text.size() > 160) in.text.resize(160);
    }
    if (eat("@")) {
      in.predneg = eat("!");
      std::string n = id();
      u32 r;
      if (!lookupReg(n, r)) fail("pred");
      in.pred = r;
    }
    std::string full = id();
    auto w = split(full);
    const std::string& o = w[0];
    auto has = [&](const char* x) {
      for (size_t i = 1; i < w.size(); ++i)
        if (w[i] == x) return true;
      return false;
    };
    std::vector<Ty> tys;
    for (size_t i = 1; i < w.size(); ++i) {
      Ty y = tyof(w[i]);
      if (y) tys.push_back(y);
    }
    if (!tys.empty()) {
      in.ty = tys[0];
      in.ty2 = tys.size() > 1 ? tys[1] : tys[0];
    }
    in.ftz = has("ftz");
    in.sat = has("sat");
    in.approx = has("approx");
    in.full = has("full");
    in.uni = has("uni");
    in.cc = has("cc");
    in.to = has("to");
    for (size_t i = 1; i < w.size(); ++i) {
      static const std::map<std::string, Rnd> R{{"rn", R_RN},   {"rz", R_RZ},   {"rm", R_RM},
                                                {"rp", R_RP},   {"rni", R_RNI}, {"rzi", R_RZI},
                                                {"rmi", R_RMI}, {"rpi", R_RPI}};
      auto x = R.find(w[i]);
      if (x != R.end()) in.rnd = x->second;
      static const std::map<std::string, Sp> S{
          {"global", SP_GLOBAL},      {"shared", SP_SHARED},    {"local", SP_LOCAL},
          {"param", SP_PARAM},        {"const", SP_CONST},      {"shared::cta", SP_SHARED},
          {"param::entry", SP_PARAM}, {"param::func", SP_PARAM}};
      auto y = S.find(w[i]);
      if (y != S.end()) {
        if (in.sp == SP_GENERIC)
          in.sp = y->second;
        else
          in.sp2 = y->second;
      }
    }
    if (has("v2")) in.vec = 2;
    if (has("v4")) in.vec = 4;
    if (has("v8")) in.vec = 8;
    in.mode = has("hi") ? 1 : has("wide") ? 2 : 0;
    auto ops = [&](int n) {
      Opnd* q[6] = {&in.d, &in.a, &in.b, &in.c, &in.e, nullptr};
      for (int i = 0; i < n && !is(";"); ++i) {
        if (i) {
          if (!eat(",")) break;
        }
        *q[i] = operand(in.ty);
      }
      if (!is(";")) {
        in.op = O_UNSUP;
        while (!is(";")) ++p;
      }
      need(";");
    };
    struct A {
      const char* n;
      Op op;
      int k;
    };
    static const A alu[] = {
        {"add", O_ADD, 3},           {"sub", O_SUB, 3},     {"mul", O_MUL, 3},
        {"mul24", O_UNSUP, 3},       {"mad", O_MAD, 4},     {"fma", O_FMA, 4},
        {"div", O_DIV, 3},           {"rem", O_REM, 3},     {"abs", O_ABS, 2},
        {"neg", O_NEG, 2},           {"min", O_MIN, 3},     {"max", O_MAX, 3},
        {"and", O_AND, 3},           {"or", O_OR, 3},       {"xor", O_XOR, 3},
        {"not", O_NOT, 2},           {"cnot", O_CNOT, 2},   {"shl", O_SHL, 3},
        {"shr", O_SHR, 3},           {"shf", O_SHF, 4},     {"bfe", O_BFE, 4},
        {"bfi", O_BFI, 5},           {"bfind", O_BFIND, 2}, {"brev", O_BREV, 2},
        {"popc", O_POPC, 2},         {"clz", O_CLZ, 2},     {"lop3", O_LOP3, 5},
        {"prmt", O_PRMT, 4},         {"sad", O_SAD, 4},     {"mov", O_MOV, 2},
        {"selp", O_SELP, 4},         {"slct", O_SLCT, 4},   {"cvt", O_CVT, 2},
        {"cvta", O_CVTA, 2},         {"rcp", O_RCP, 2},     {"sqrt", O_SQRT, 2},
        {"rsqrt", O_RSQRT, 2},       {"ex2", O_EX2, 2},     {"lg2", O_LG2, 2},
        {"sin", O_SIN, 2},           {"cos", O_COS, 2},     {"tanh", O_TANH, 2},
        {"copysign", O_COPYSIGN, 3}, {"testp", O_TESTP, 2}, {"isspacep", O_ISSPACEP, 2},
        {"addc", O_ADDC, 3},         {"subc", O_SUBC, 3},   {"madc", O_MADC, 4},
        {"bmsk", O_BMSK, 3},         {"fns", O_FNS, 4},     {"dp4a", O_DP4A, 4}};
    in.op = O_UNSUP;
    symsp = SP_GENERIC;
    if (o == "setp" || o == "set") {
      in.op = o == "setp" ? O_SETP : O_SET;
      static const std::map<std::string, Cmp> C{
          {"eq", C_EQ},   {"ne", C_NE},   {"lt", C_LT},   {"le", C_LE},   {"gt", C_GT},
          {"ge", C_GE},   {"lo", C_LO},   {"ls", C_LS},   {"hi", C_HI},   {"hs", C_HS},
          {"equ", C_EQU}, {"neu", C_NEU}, {"ltu", C_LTU}, {"leu", C_LEU}, {"gtu", C_GTU},
          {"geu", C_GEU}, {"num", C_NUM}, {"nan", C_NAN}};
      in.cmp = C.at(w[1]);
      if (has("and")) in.bop = B_AND;
      if (has("or")) in.bop = B_OR;
      if (has("xor")) in.bop = B_XOR;
      if (o == "set") std::swap(in.ty, in.ty2);
      in.d = operand(T_PRED);
      if (eat("|")) in.d2 = operand(T_PRED);
      need(",");
      in.a = operand(in.ty);
      need(",");
      in.b = operand(in.ty);
      if (eat(",")) in.c = operand(T_PRED);
      need(";");
    } else if (o == "ld" || o == "ldu" || o == "st") {
      in.op = o[0] == 's' ? O_ST : O_LD;
      in.strong =
          has("volatile") || has("relaxed") || has("acquire") || has("release") || has("mmio");
      if (in.op == O_LD) {
        in.d = operand(in.ty);
        need(",");
        in.a = operand(T_B64);
      } else {
        in.a = operand(T_B64);
        need(",");
        in.b = operand(in.ty);
      }
      while (!is(";")) ++p;
      need(";");
    } else if (o == "atom" || o == "red") {
      in.op = o == "atom" ? O_ATOM : O_RED;
      static const std::map<std::string, AOp> X{
          {"add", A_ADD}, {"and", A_AND}, {"or", A_OR},   {"xor", A_XOR},   {"min", A_MIN},
          {"max", A_MAX}, {"inc", A_INC}, {"dec", A_DEC}, {"exch", A_EXCH}, {"cas", A_CAS}};
      bool ok = false;
      for (size_t i = 1; i < w.size(); ++i) {
        auto x = X.find(w[i]);
        if (x != X.end()) {
          in.aop = x->second;
          ok = true;
        }
      }
      if (!ok || in.vec != 1) in.op = O_UNSUP;
      if (o == "atom") {
        in.d = operand(in.ty);
        need(",");
      }
      in.a = operand(T_B64);
      need(",");
      in.b = operand(in.ty);
      if (eat(",")) in.c = operand(in.ty);
      while (!is(";")) ++p;
      need(";");
    } else if (o == "bra") {
      in.op = O_BRA;
      fix.push_back({f->code.size(), id()});
      need(";");
    } else if (o == "brx") {
      in.op = O_BRX;
      in.a = operand(T_U32);
      need(",");
      fixt.push_back({f->code.size(), id()});
      need(";");
    } else if (o == "call") {
      in.op = O_CALL;
      auto list = [&](std::vector<Opnd>& v) {
        need("(");
        while (!eat(")")) {
          if (eat(",")) continue;
          v.push_back(operand(T_B64));
        }
      };
      if (is("(")) {
        list(in.crets);
        need(",");
      }
      if (t[p].k == Tok::ID) {
        in.calleeName = t[p].s;
        Opnd x = operand(T_B64);
        if (x.k == Opnd::R) {
          in.a = x;
          in.calleeName.clear();
        } else if (x.k == Opnd::F)
          in.callee = (Func*)x.imm;
      }
      if (eat(",")) {
        if (is("(")) {
          list(in.cargs);
        }
      }
      while (!is(";")) ++p;
      need(";");
    } else if (o == "ret") {
      in.op = O_RET;
      need(";");
    } else if (o == "exit") {
      in.op = O_EXIT;
      need(";");
    } else if (o == "trap" || o == "brkpt") {
      in.op = O_TRAP;
      need(";");
    } else if (o == "bar" || o == "barrier") {
      if (has("warp")) {
        in.op = O_WARPSYNC;
        in.a = operand(T_B32);
        need(";");
      } else if (has("cluster")) {
        skipTo(";");
      } else if (has("red")) {
        in.op = O_BARRED;
        in.mode = has("popc") ? 0 : has("and") ? 1 : 2;
        in.d = operand(T_B32);
        need(",");
        in.a = operand(T_B32);
        need(",");
        in.b = operand(T_PRED);
        if (eat(",")) {
          in.c = in.b;
          in.b = operand(T_PRED);
        }
        need(";");
        if (in.c.k != Opnd::NONE) {
          std::swap(in.b, in.b);
        }
      } else {
        in.op = O_BAR;
        in.isarrive = has("arrive");
        if (!is(";")) {
          in.a = operand(T_B32);
          if (eat(",")) in.b = operand(T_B32);
        }
        need(";");
      }
    } else if (o == "membar" || o == "fence") {
      in.op = O_FENCE;
      skipTo(";");
    } else if (o == "vote") {
      in.op = O_VOTE;
      in.mode = has("all") ? 0 : has("any") ? 1 : has("uni") ? 2 : 3;
      in.d = operand(T_B32);
      need(",");
      in.a = operand(T_PRED);
      if (eat(",")) in.b = operand(T_B32);
      need(";");
    } else if (o == "shfl") {
      in.op = O_SHFL;
      in.mode = has("idx") ? 0 : has("up") ? 1 : has("down") ? 2 : 3;
      in.d = operand(T_B32);
      if (eat("|")) in.d2 = operand(T_PRED);
      need(",");
      in.a = operand(T_B32);
      need(",");
      in.b = operand(T_B32);
      need(",");
      in.c = operand(T_B32);
      if (eat(",")) in.e = operand(T_B32);
      need(";");
    } else if (o == "match") {
      in.op = O_MATCH;
      in.mode = has("all");
      in.d = operand(T_B32);
      if (eat("|")) in.d2 = operand(T_PRED);
      need(",");
      in.a = operand(in.ty);
      need(",");
      in.b = operand(T_B32);
      need(";");
    } else if (o == "activemask") {
      in.op = O_ACTIVEMASK;
      ops(1);
      in.op = O_ACTIVEMASK;
    } else if (o == "redux") {
      in.op = O_REDUX;
      in.aop = has("add")   ? A_ADD
               : has("min") ? A_MIN
               : has("max") ? A_MAX
               : has("and") ? A_AND
               : has("or")  ? A_OR
                            : A_XOR;
      in.d = operand(in.ty);
      need(",");
      in.a = operand(in.ty);
      need(",");
      in.b = operand(T_B32);
      need(";");
    } else if (o == "elect") {
      in.op = O_ELECT;
      in.d = operand(T_B32);
      if (eat("|")) in.d2 = operand(T_PRED);
      need(",");
      in.b = operand(T_B32);
      need(";");
    } else if (o == "nanosleep" || o == "prefetch" || o == "prefetchu" || o == "griddepcontrol" ||
               o == "discard" || o == "applypriority" || o == "pmevent" || o == "createpolicy") {
      in.op = O_NOP;
      skipTo(";");
    } else if (o == "cp" && has("async") && !has("bulk")) {
      if (has("commit_group") || has("wait_group") || has("wait_all")) {
        in.op = O_NOP;
        skipTo(";");
      } else {
        in.op = O_CPASYNC;
        in.d = operand(T_B64);
        need(",");
        in.a = operand(T_B64);
        need(",");
        in.b = operand(T_B32);
        if (eat(",")) in.c = operand(T_B32);
        while (!is(";")) ++p;
        need(";");
      }
    } else {
      const A* a = nullptr;
      for (auto& x : alu)
        if (o == x.n) a = &x;
      if (!a) {
        skipTo(";");
      } else {
        in.op = a->op;
        if (o == "shf") in.mode = has("r"), in.wrap = has("wrap");
        if (o == "bmsk") in.wrap = has("wrap");
        if (o == "isspacep") in.ty = T_B64;
        if (o == "bfind") in.mode = has("shiftamt");
        if (o == "testp") {
          in.mode = has("finite")       ? 0
                    : has("infinite")   ? 1
                    : has("number")     ? 2
                    : has("notanumber") ? 3
                    : has("normal")     ? 4
                                        : 5;
        }
        if (o == "prmt" && w.size() > 2) {
          in.mode = 7;
          in.op = O_UNSUP;
        }
        Ty sv = in.ty;
        if (o == "cvt") in.ty = in.ty2;
        Op keep = in.op;
        ops(a->k);
        in.ty = sv;
        if (in.op != O_UNSUP) in.op = keep;
        if (in.op == O_MOV && in.a.k == Opnd::I && symsp != SP_GENERIC &&
            (symsp == SP_LOCAL || symsp == SP_SHARED || symsp == SP_PARAM))
          in.sp2 = symsp;
      }
    }
    // note the address space of a symbol operand for generic ld/st of params etc.
    f->code.push_back(std::move(in));
  }
};
}  // namespace
std::unique_ptr<Module> parse(const std::string& text, const std::function<u64(Var&)>& a) {
  auto m = std::make_unique<Module>();
  m->text = text;
  Lexer l(m->text);
  l.run();
  Parser ps(*m, a, m->text);
  ps.t = std::move(l.out);
  ps.run();
  for (auto& f : m->funcs)
    for (auto& in : f.second->code)
      if (in.op == O_CALL && !in.callee && !in.calleeName.empty()) {
        auto i = m->funcs.find(in.calleeName);
        if (i != m->funcs.end()) in.callee = i->second.get();
      }
  return m;
}
}  // namespace ptxemu
